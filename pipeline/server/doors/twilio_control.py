"""Call control on Twilio: hand over to a person, hold, hang up, call out."""

import base64
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import aiohttp
from twilio.base.exceptions import TwilioException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from twilio.twiml.voice_response import Dial, VoiceResponse

from antiphon.pipeline.server.doors.call_control import (
    RING_SECS,
    TIMEOUT,
    CallControlError,
    Handoff,
    check_number,
)
from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.server.state.interface import SharedState
from antiphon.transports.telephony.transport import checked_id

__all__ = ["TwilioControl"]

# An error of the SDK, of the network, or of a time that is up.
FAILURES = (TwilioException, aiohttp.ClientError, OSError, TimeoutError)

CALL_SID = "CA[0-9a-fA-F]{32}"


class TwilioControl:
    """Steers the calls of one account through Twilio's SDK."""

    def __init__(self, settings: ServerSettings, state: SharedState) -> None:
        """Create the control.

        Args:
            settings: The account, its token, and which numbers may be dialled.
            state: Keeps what a person should know.

        Raises:
            ValueError: If `TWILIO_ACCOUNT_SID` or `TWILIO_AUTH_TOKEN` is not set.
        """
        if not settings.twilio_account_sid or not settings.twilio_auth_token:
            raise ValueError("call control needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
        self._client = Client(
            settings.twilio_account_sid,
            settings.twilio_auth_token.get_secret_value(),
            http_client=_HttpClient(),
        )
        self._client.api.base_url = settings.twilio_api_url
        self._settings = settings
        self._state = state

    async def hang_up(self, call_sid: str) -> None:
        """End a call now.

        Args:
            call_sid: The call.

        Raises:
            CallControlError: If Twilio does not.
        """
        await self._update(call_sid, status="completed")

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
            base_url: The public address of the app, whose `/twilio/…` Twilio asks what is next.
            summary: Is whispered to the person before the caller is there.
            transcript: The conversation so far, for the person's screen.
            parameters: What the start of the call carried along.

        Returns:
            The id under which the person's screen finds all this.

        Raises:
            CallControlError: If the number may not be dialled, or Twilio does not.
        """
        check_number(to, self._settings)
        handoff = Handoff(
            summary=summary, transcript=tuple(transcript), parameters=dict(parameters or {})
        )
        handoff_id = await self._state.keep(asdict(handoff))
        response = VoiceResponse()
        dial = Dial(
            action=f"{base_url}/twilio/transferred?handoff={handoff_id}",
            timeout=RING_SECS,
            answer_on_bridge=True,
        )
        dial.number(to, url=f"{base_url}/twilio/whisper/{handoff_id}")
        response.append(dial)
        await self._update(call_sid, twiml=str(response))
        return handoff_id

    async def hold(self, call_sid: str, *, music_url: str) -> None:
        """Play music to a caller until `resume`; the agent's session ends.

        Args:
            call_sid: The call.
            music_url: What is played, again and again.

        Raises:
            CallControlError: If Twilio does not.
        """
        response = VoiceResponse()
        response.play(music_url, loop=0)
        await self._update(call_sid, twiml=str(response))

    async def resume(self, call_sid: str, *, base_url: str) -> None:
        """Bring a caller back to the agent, in a new session.

        Args:
            call_sid: The call.
            base_url: The public address of the app.

        Raises:
            CallControlError: If Twilio does not.
        """
        await self._update(call_sid, url=f"{base_url}/twilio/voice", method="POST")

    async def call(self, to: str, *, base_url: str) -> str:
        """Call somebody; whoever answers talks to the agent.

        Args:
            to: The number, in E.164.
            base_url: The public address of the app.

        Returns:
            The CallSid.

        Raises:
            CallControlError: If the number may not be dialled, or Twilio does not.
        """
        check_number(to, self._settings)
        if not self._settings.twilio_number:
            raise CallControlError("calling out needs TWILIO_NUMBER, the number that calls")
        try:
            call = await self._client.calls.create_async(
                to=to,
                from_=self._settings.twilio_number,
                url=f"{base_url}/twilio/voice",
                status_callback=f"{base_url}/twilio/status",
            )
        except FAILURES as error:
            raise CallControlError(f"Twilio did not call: {type(error).__name__}") from error
        return checked_id("CallSid", call.sid, CALL_SID)

    async def _update(self, call_sid: str, **change: str) -> None:
        checked_id("CallSid", call_sid, CALL_SID)
        try:
            await self._client.calls(call_sid).update_async(**change)
        except FAILURES as error:
            raise CallControlError(f"Twilio did not: {type(error).__name__}") from error


class _HttpClient(AsyncHttpClient):  # type: ignore[misc]
    """How the SDK reaches Twilio.

    Its own client leaves its session open when a request fails, and has no limit to its time.
    """

    def __init__(self) -> None:
        super().__init__(logging.getLogger(__name__), True, None)

    async def request(
        self,
        method: str,
        uri: str,
        params: Any = None,
        data: Any = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's signature
        allow_redirects: bool = False,
    ) -> Response:
        headers = dict(headers or {})
        if auth:
            credentials = base64.b64encode(":".join(auth).encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.request(
                method.upper(),
                uri,
                params=params,
                data=data,
                headers=headers,
                allow_redirects=allow_redirects,
            ) as response,
        ):
            return Response(response.status, await response.text(), response.headers)
