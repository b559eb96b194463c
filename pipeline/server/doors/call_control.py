"""What steering a call has in common, whoever the vendor is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp

from antiphon.pipeline.server.settings import ServerSettings
from antiphon.transports.telephony.transport import checked_id

__all__ = [
    "E164",
    "RING_SECS",
    "TIMEOUT",
    "CallControl",
    "CallControlError",
    "Handoff",
    "NumberNotAllowed",
    "OutboundControl",
    "ask_api",
    "check_number",
]

E164 = r"\+[1-9][0-9]{6,14}"
TIMEOUT = aiohttp.ClientTimeout(total=10)

# A person answers within this or the caller is back with the agent.
RING_SECS = 25


class CallControlError(RuntimeError):
    """The vendor did not do what it was asked."""


class NumberNotAllowed(CallControlError):
    """A number is none, or begins with none of the prefixes that may be dialled."""


@dataclass(frozen=True, kw_only=True)
class Handoff:
    """What a person is told about the caller who is handed over to them.

    Parameters:
        summary: Is whispered to the person before the caller is there.
        transcript: The conversation as the agent's context has it, and without what is personal.
        parameters: What the start of the call carried along.
    """

    summary: str = ""
    transcript: Sequence[str] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)


class CallControl(Protocol):
    """Steers a call for the agent's tools."""

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
        """Hand a caller over to a person.

        Args:
            call_sid: The call.
            to: The person's number, in E.164.
            base_url: The public address of the app.
            summary: What the person should know.
            transcript: The conversation so far.
            parameters: What the start of the call carried along.

        Returns:
            The id under which all this is found.
        """
        ...


class OutboundControl(Protocol):
    """Calls somebody."""

    async def call(self, to: str, *, base_url: str) -> str:
        """Call somebody; whoever answers talks to the agent.

        Args:
            to: The number, in E.164.
            base_url: The public address of the app.

        Returns:
            The vendor's id of the call.

        Raises:
            CallControlError: If the number may not be dialled, or the vendor does not.
        """
        ...


def check_number(number: str, settings: ServerSettings) -> None:
    """Check that a number may be dialled.

    Args:
        number: The number, in E.164.
        settings: Which prefixes may be dialled.

    Raises:
        NumberNotAllowed: If it may not.
    """
    try:
        checked_id("number", number, E164)
    except ValueError as error:
        raise NumberNotAllowed(str(error)) from error
    if not any(number.startswith(prefix) for prefix in settings.dial_prefixes):
        raise NumberNotAllowed(f"{number} may not be dialled: see ANTIPHON_DIAL_PREFIXES")


async def ask_api(
    vendor: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: Mapping[str, Any] | None = None,
    over: tuple[int, ...] = (),
) -> dict[str, Any]:
    """Ask a vendor's API.

    Args:
        vendor: Its name, for the error.
        method: The HTTP method.
        url: The address.
        headers: Of the request: who asks.
        body: What is sent, as JSON.
        over: Statuses that say that the call is over already, which is as good.

    Returns:
        What it answers; nothing if that is no JSON object.

    Raises:
        CallControlError: If it does not do it, or not in time.
    """
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.request(method, url, json=body, headers=headers) as response,
        ):
            if response.status >= 300 and response.status not in over:
                raise CallControlError(f"{vendor} did not: HTTP {response.status}")
            answer = await response.json(content_type=None) if response.status != 204 else None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise CallControlError(f"{vendor} did not: {type(error).__name__}") from error
    return answer if isinstance(answer, dict) else {}
