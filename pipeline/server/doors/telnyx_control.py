"""Call control on Telnyx: answer with a media stream, turn away, hang up, call out.

After "Answer call", "Start streaming", "Reject a call", "Hangup call" and "Dial" of
developers.telnyx.com/api-reference, read 2026-11.
"""

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

from antiphon.pipeline.server.doors.call_control import (
    RING_SECS,
    CallControlError,
    ask_api,
    check_number,
)
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.transports.telephony.telnyx import CALL_CONTROL_ID
from antiphon.transports.telephony.transport import checked_id

__all__ = ["OUTBOUND", "TelnyxControl", "client_state"]

# Both ways mu-law, which every telephone speaks. Without a mode nothing that we send is played, and
# by default it is played to the opposite leg, of which a call that nobody bridged has none.
STREAM = {
    "stream_track": "inbound_track",
    "stream_codec": "PCMU",
    "stream_bidirectional_mode": "rtp",
    "stream_bidirectional_codec": "PCMU",
    "stream_bidirectional_sampling_rate": 8000,
    "stream_bidirectional_target_legs": "both",
}

# What a call that the agent made carries along, so that it is told from a leg of another's making.
OUTBOUND = {"direction": "outbound"}

# "Call has already ended."
OVER = (404, 422)


class TelnyxControl:
    """Steers the calls of one account through Telnyx's Voice API."""

    def __init__(self, settings: ServerSettings) -> None:
        """Create the control.

        Args:
            settings: The key, and which numbers may be dialled.

        Raises:
            ValueError: If `TELNYX_API_KEY` is not set.
        """
        if settings.telnyx_api_key is None:
            raise ValueError("the telnyx transport needs TELNYX_API_KEY to answer calls")
        self._headers = {"Authorization": f"Bearer {settings.telnyx_api_key.get_secret_value()}"}
        self._settings = settings

    async def begin(
        self,
        call_control_id: str,
        *,
        is_answered: bool,
        stream_url: str,
        parameters: Mapping[str, str],
    ) -> None:
        """Begin the media stream of a call, and answer it first if it rings.

        Args:
            call_control_id: The call.
            is_answered: Whether it has been answered.
            stream_url: Where the stream goes.
            parameters: What its start carries along.

        Raises:
            CallControlError: If Telnyx does not.
        """
        await self._command(
            call_control_id,
            "streaming_start" if is_answered else "answer",
            stream_url=stream_url,
            client_state=client_state(parameters),
            **STREAM,
        )

    async def turn_away(self, call_control_id: str) -> None:
        """Let a caller hear the busy tone, before the call is answered.

        Args:
            call_control_id: The call.

        Raises:
            CallControlError: If Telnyx does not.
        """
        await self._command(call_control_id, "reject", cause="USER_BUSY")

    async def hang_up(self, call_control_id: str) -> None:
        """End a call now; if it is over, nothing happens.

        Args:
            call_control_id: The call.

        Raises:
            CallControlError: If Telnyx does not.
        """
        await self._command(call_control_id, "hangup")

    async def call(self, to: str, *, base_url: str) -> str:
        """Call somebody; whoever answers talks to the agent.

        Args:
            to: The number, in E.164.
            base_url: The public address of the app.

        Returns:
            The id by which the call is steered.

        Raises:
            CallControlError: If the number may not be dialled, or Telnyx does not.
        """
        check_number(to, self._settings)
        if not self._settings.telnyx_connection_id or not self._settings.telnyx_number:
            needed = (
                "calling out needs TELNYX_CONNECTION_ID and TELNYX_NUMBER, the number that calls"
            )
            raise CallControlError(needed)
        answer = await ask_api(
            "Telnyx",
            "POST",
            f"{self._settings.telnyx_api_url}/calls",
            headers=self._headers,
            body={
                "connection_id": self._settings.telnyx_connection_id,
                "to": to,
                "from": self._settings.telnyx_number,
                "timeout_secs": RING_SECS,
                "webhook_url": f"{base_url}/telnyx/voice",
                "client_state": client_state(OUTBOUND),
                "command_id": uuid.uuid4().hex,
            },
        )
        made = answer.get("data")
        try:
            made_id = made.get("call_control_id") if isinstance(made, dict) else None
            return checked_id("call_control_id", made_id, CALL_CONTROL_ID)
        except ValueError as error:
            raise CallControlError(f"Telnyx named no call: {error}") from error

    async def _command(self, call_control_id: str, action: str, **body: Any) -> None:
        checked_id("call_control_id", call_control_id, CALL_CONTROL_ID)
        url = f"{self._settings.telnyx_api_url}/calls/{call_control_id}/actions/{action}"
        # A webhook that comes twice must not do it twice: Telnyx ignores the same command.
        command_id = uuid.uuid5(uuid.NAMESPACE_URL, url).hex
        await ask_api(
            "Telnyx",
            "POST",
            url,
            headers=self._headers,
            body={**body, "command_id": command_id},
            over=OVER if action in ("hangup", "reject") else (),
        )


def client_state(parameters: Mapping[str, str]) -> str:
    """Write what a call carries along, as Telnyx wants it.

    Args:
        parameters: The names and texts.

    Returns:
        JSON in base64.
    """
    return base64.b64encode(json.dumps(parameters).encode()).decode()
