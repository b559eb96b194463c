"""A Daily room with the agent in it: made by REST, left when the last person leaves.

People join from a browser or a Daily client, or by phone where the room has dial-in.
"""

from dataclasses import dataclass
from typing import Any

import aiohttp
from pipecat.transports.base_transport import BaseTransport
from pipecat.transports.daily.transport import DailyDialinSettings, DailyParams, DailyTransport
from pipecat.transports.daily.utils import (
    DailyRESTHelper,
    DailyRoomParams,
    DailyRoomProperties,
    DailyRoomSipParams,
)

__all__ = [
    "DailyRoom",
    "DailyRoomTransport",
    "create_daily_room",
    "create_daily_transport",
    "delete_daily_room",
]

DAILY_API_URL = "https://api.daily.co/v1"
REST_TIMEOUT = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, kw_only=True)
class DailyRoom:
    """A room that has been made, and a token for each side.

    Parameters:
        url: Where to join.
        agent_token: The owner's token, for the agent alone.
        person_token: The token for whoever talks to the agent.
        sip_endpoint: The SIP address that dials into the room, or an empty string.
    """

    url: str
    agent_token: str
    person_token: str
    sip_endpoint: str = ""


async def create_daily_room(
    *,
    api_key: str,
    api_url: str = DAILY_API_URL,
    lifetime_secs: float = 3600.0,
    dial_in: bool = False,
    dial_out: bool = False,
    now: float,
) -> DailyRoom:
    """Make a private room and the two tokens for it.

    Args:
        api_key: Daily's key.
        api_url: The address of Daily's API.
        lifetime_secs: Seconds after which Daily removes everybody and the room.
        dial_in: Whether the room takes calls from the telephone network through SIP.
        dial_out: Whether the agent may call telephones; Daily must have enabled it.
        now: The time, in seconds since 1970.

    Returns:
        The room.

    Raises:
        RuntimeError: If Daily refuses or cannot be reached.
    """
    properties = DailyRoomProperties(
        exp=now + lifetime_secs,
        eject_at_room_exp=True,
        start_video_off=True,
        enable_dialout=True if dial_out else None,
        sip=DailyRoomSipParams(display_name="caller") if dial_in else None,
    )
    async with aiohttp.ClientSession(timeout=REST_TIMEOUT) as session:
        daily = DailyRESTHelper(
            daily_api_key=api_key, daily_api_url=api_url, aiohttp_session=session
        )
        try:
            room = await daily.create_room(
                DailyRoomParams(privacy="private", properties=properties)
            )
            agent_token = await daily.get_token(room.url, lifetime_secs, owner=True)
            person_token = await daily.get_token(room.url, lifetime_secs, owner=False)
        except Exception as error:
            raise RuntimeError(f"no Daily room from {api_url}: {error}") from error
    return DailyRoom(
        url=room.url,
        agent_token=agent_token,
        person_token=person_token,
        sip_endpoint=room.config.sip_endpoint,
    )


async def delete_daily_room(url: str, *, api_key: str, api_url: str = DAILY_API_URL) -> None:
    """Delete a room, if it is still there.

    Args:
        url: The room's address.
        api_key: Daily's key.
        api_url: The address of Daily's API.

    Raises:
        RuntimeError: If Daily refuses or cannot be reached.
    """
    async with aiohttp.ClientSession(timeout=REST_TIMEOUT) as session:
        daily = DailyRESTHelper(
            daily_api_key=api_key, daily_api_url=api_url, aiohttp_session=session
        )
        try:
            await daily.delete_room_by_url(url)
        except Exception as error:
            raise RuntimeError(f"Daily did not delete {url}: {error}") from error


class DailyRoomTransport(DailyTransport):
    """Pipecat's Daily transport, for which the people in the room are one client together.

    `on_client_connected` comes when the first person joins and `on_client_disconnected` when the
    last one leaves. Pipecat's own `on_participant_joined` and `on_participant_left` come for each.
    """

    def __init__(self, room_url: str, token: str | None, bot_name: str, params: DailyParams):
        """Create the transport.

        Args:
            room_url: Where to join.
            token: The agent's token.
            bot_name: What people see as the agent's name.
            params: Pipecat's parameters.
        """
        super().__init__(room_url, token, bot_name, params)
        self._people: set[str] = set()

    async def _call_event_handler(self, event_name: str, *args: Any, **kwargs: Any) -> None:
        if event_name == "on_participant_joined":
            self._people.add(args[0]["id"])
        elif event_name == "on_participant_left":
            self._people.discard(args[0]["id"])
        elif (event_name == "on_client_connected" and len(self._people) > 1) or (
            event_name == "on_client_disconnected" and self._people
        ):
            return
        await super()._call_event_handler(event_name, *args, **kwargs)


def create_daily_transport(
    *,
    room_url: str,
    token: str | None = None,
    bot_name: str = "Agent",
    dialin: DailyDialinSettings | None = None,
    api_key: str = "",
    api_url: str = DAILY_API_URL,
) -> BaseTransport:
    """Make the transport of one room.

    Audio comes in per person, as Pipecat's `UserAudioRawFrame`.

    Args:
        room_url: Where to join.
        token: The agent's token, if the room is private.
        bot_name: What people see as the agent's name.
        dialin: The call that Daily's webhook announced, if this room answers one.
        api_key: Daily's key, with which `dialin` is connected; not needed otherwise.
        api_url: The address of Daily's API.

    Returns:
        The transport.

    Raises:
        ValueError: If `dialin` is given without `api_key`.
    """
    if dialin and not api_key:
        raise ValueError("dialin needs api_key: the call is connected through Daily's REST API")
    params = DailyParams(
        audio_in_enabled=True,
        audio_out_enabled=True,
        camera_out_enabled=False,
        dialin_settings=dialin,
        api_key=api_key,
        api_url=api_url,
    )
    return DailyRoomTransport(room_url, token, bot_name, params)
