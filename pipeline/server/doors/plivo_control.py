"""Call control on Plivo: hand over to a person, hang up, call out.

After "Make a call", "Transfer a call" and "Hang up a call" of plivo.com/docs/voice/api/call, read
2026-11.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from antiphon.pipeline.server.doors.call_control import (
    RING_SECS,
    CallControlError,
    Handoff,
    ask_api,
    check_number,
)
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.server.state.interface import SharedState
from antiphon.transports.telephony.transport import checked_id

__all__ = ["CALL_UUID", "PlivoControl"]

CALL_UUID = r"[\w-]{1,64}"

# The call is over already.
OVER = (404,)


class PlivoControl:
    """Steers the calls of one account through Plivo's API."""

    def __init__(self, settings: ServerSettings, state: SharedState) -> None:
        """Create the control.

        Args:
            settings: The account, its token, and which numbers may be dialled.
            state: Keeps what a person should know.

        Raises:
            ValueError: If `PLIVO_AUTH_ID` or `PLIVO_AUTH_TOKEN` is not set.
        """
        if not settings.plivo_auth_id or not settings.plivo_auth_token:
            raise ValueError("call control needs PLIVO_AUTH_ID and PLIVO_AUTH_TOKEN")
        auth_id = checked_id("PLIVO_AUTH_ID", settings.plivo_auth_id, r"[A-Z0-9]{1,32}")
        credentials = f"{auth_id}:{settings.plivo_auth_token.get_secret_value()}".encode()
        self._headers = {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
        self._url = f"{settings.plivo_api_url}/Account/{auth_id}/Call"
        self._settings = settings
        self._state = state
        # Calls that go on without their stream, until it has ended.
        self._handed_over: set[str] = set()

    async def end(self, call_uuid: str) -> None:
        """End a call whose stream has ended, unless a person has it now.

        Args:
            call_uuid: The call.

        Raises:
            CallControlError: If Plivo does not.
        """
        if call_uuid in self._handed_over:
            self._handed_over.discard(call_uuid)
        else:
            await self.hang_up(call_uuid)

    async def transfer(
        self,
        call_sid: str,
        to: str,
        *,
        base_url: str,
        summary: str = "",
        transcript: Sequence[str] = (),
        parameters: Mapping[str, str] | None = None,
    ) -> str:
        """Hand a caller over to a person; if nobody answers, the caller is back with the agent.

        Args:
            call_sid: The call.
            to: The person's number, in E.164.
            base_url: The public address of the app, whose `/plivo/…` Plivo asks what is next.
            summary: What the person should know.
            transcript: The conversation so far, for the person's screen.
            parameters: What the start of the call carried along.

        Returns:
            The id under which the person's screen finds all this.

        Raises:
            CallControlError: If the number may not be dialled, or Plivo does not.
        """
        check_number(to, self._settings)
        checked_id("CallUUID", call_sid, CALL_UUID)
        handoff = Handoff(
            summary=summary, transcript=tuple(transcript), parameters=dict(parameters or {})
        )
        handoff_id = await self._state.keep({**asdict(handoff), "to": to})
        self._handed_over.add(call_sid)
        try:
            await ask_api(
                "Plivo",
                "POST",
                f"{self._url}/{call_sid}/",
                headers=self._headers,
                body={
                    "legs": "aleg",
                    "aleg_url": f"{base_url}/plivo/transfer/{handoff_id}",
                    "aleg_method": "POST",
                },
            )
        except CallControlError:
            self._handed_over.discard(call_sid)
            raise
        return handoff_id

    async def hang_up(self, call_uuid: str) -> None:
        """End a call now; if it is over, nothing happens.

        Args:
            call_uuid: The call.

        Raises:
            CallControlError: If Plivo does not.
        """
        checked_id("CallUUID", call_uuid, CALL_UUID)
        url = f"{self._url}/{call_uuid}/"
        await ask_api("Plivo", "DELETE", url, headers=self._headers, over=OVER)

    async def call(self, to: str, *, base_url: str) -> str:
        """Call somebody; whoever answers talks to the agent.

        Args:
            to: The number, in E.164.
            base_url: The public address of the app.

        Returns:
            The id of the request, which the call's webhooks name beside its own.

        Raises:
            CallControlError: If the number may not be dialled, or Plivo does not.
        """
        check_number(to, self._settings)
        if not self._settings.plivo_number:
            raise CallControlError("calling out needs PLIVO_NUMBER, the number that calls")
        answer = await ask_api(
            "Plivo",
            "POST",
            f"{self._url}/",
            headers=self._headers,
            body={
                "from": self._settings.plivo_number.removeprefix("+"),
                "to": to.removeprefix("+"),
                "answer_url": f"{base_url}/plivo/voice",
                "answer_method": "POST",
                "hangup_url": f"{base_url}/plivo/status",
                "hangup_method": "POST",
                "hangup_on_ring": RING_SECS,
            },
        )
        try:
            return checked_id("request_uuid", answer.get("request_uuid"), CALL_UUID)
        except ValueError as error:
            raise CallControlError(f"Plivo named no call: {error}") from error
