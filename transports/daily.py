"""A Daily room with the agent in it: made by REST, left when the last person leaves.

People join from a browser or a Daily client, or by phone where the room has dial-in.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp
from pipecat.frames.frames import InputAudioRawFrame, UserAudioRawFrame
from pipecat.transports.daily.transport import (
    DailyDialinSettings,
    DailyInputTransport,
    DailyParams,
    DailyTransport,
)
from pipecat.transports.daily.utils import (
    DailyRESTHelper,
    DailyRoomParams,
    DailyRoomProperties,
    DailyRoomSipParams,
)

from antiphon.core.pipecat_internals import Part, known
from antiphon.transports.room_mix import ABSENT_SECS, RoomMix

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


class DailyRoomInput(DailyInputTransport):
    """Hears the people in the room as one, on a track that is named for who speaks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Create the input.

        Args:
            *args: As Pipecat's.
            **kwargs: As Pipecat's.
        """
        super().__init__(*args, **kwargs)
        self._mix: RoomMix | None = None
        self._rest: asyncio.TimerHandle | None = None

    async def push_audio_frame(self, frame: InputAudioRawFrame) -> None:
        """Push a person's audio together with that of the others.

        Args:
            frame: The audio.
        """
        if not isinstance(frame, UserAudioRawFrame) or frame.num_channels != 1:
            await super().push_audio_frame(frame)
            return
        loop = self.get_event_loop()
        if self._mix is None:
            self._mix = RoomMix(sample_rate_hz=frame.sample_rate)
        heard = self._mix.add(frame.user_id, frame.audio, now=loop.time())
        if heard:
            frame.user_id, frame.audio = heard
            await super().push_audio_frame(frame)
        if self._rest:
            self._rest.cancel()
            self._rest = None
        if self._mix.holds_audio:
            # The last of somebody who was waited for, and whose microphone was then turned off.
            self._rest = loop.call_later(ABSENT_SECS, self._take_rest, frame.sample_rate)

    def leaves(self, person: str) -> None:
        """Note that somebody has left.

        Args:
            person: The participant's id.
        """
        if self._mix:
            self._mix.leaves(person)

    def _take_rest(self, sample_rate_hz: int) -> None:
        self._rest = None
        if self._mix and (heard := self._mix.take(now=self.get_event_loop().time())):
            person, audio = heard
            frame = UserAudioRawFrame(audio, sample_rate_hz, 1, user_id=person)
            self.create_task(super().push_audio_frame(frame), f"{self}::rest")


class DailyRoomTransport(DailyTransport):
    """Pipecat's Daily transport, for which the people in the room are one client together.

    `on_client_connected` comes when the first person joins, or when the one whom the agent calls
    takes the call, and `on_client_disconnected` when the last one leaves. Pipecat's own
    `on_participant_joined` and `on_participant_left` come for each.
    """

    def __init__(
        self,
        room_url: str,
        token: str | None,
        bot_name: str,
        params: DailyParams,
        *,
        dials_out: bool = False,
    ) -> None:
        """Create the transport.

        Args:
            room_url: Where to join.
            token: The agent's token.
            bot_name: What people see as the agent's name.
            params: Pipecat's parameters.
            dials_out: Whether the agent calls somebody from the room.
        """
        super().__init__(room_url, token, bot_name, params)
        self._people: dict[str, Any] = {}
        self._answered = not dials_out
        self._connected = False

    @property
    def is_connected(self) -> bool:
        """Whether somebody is there who can hear the agent."""
        return self._connected

    def input(self) -> DailyInputTransport:
        """Return the processor that receives."""
        if not self._input and known(Part.ROOM):
            self._input = DailyRoomInput(self, self._client, self._params, name=self._input_name)
        return super().input()

    async def _call_event_handler(self, event_name: str, *args: Any, **kwargs: Any) -> None:
        if event_name == "on_participant_joined":
            self._people[args[0]["id"]] = args[0]
        elif event_name == "on_participant_left":
            self._people.pop(args[0]["id"], None)
            if isinstance(self._input, DailyRoomInput):
                self._input.leaves(args[0]["id"])
        elif event_name == "on_client_connected":
            await self._connect()
            return
        elif event_name == "on_client_disconnected":
            if self._people:
                return
            self._connected = False
        await super()._call_event_handler(event_name, *args, **kwargs)
        if event_name == "on_dialout_answered":
            self._answered = True
            await self._connect()

    async def _connect(self) -> None:
        """Tell, once, that somebody is there who can hear the agent."""
        if self._people and self._answered and not self._connected:
            self._connected = True
            first = next(iter(self._people.values()))
            await super()._call_event_handler("on_client_connected", first)


def create_daily_transport(
    *,
    room_url: str,
    token: str | None = None,
    bot_name: str = "Agent",
    dialin: DailyDialinSettings | None = None,
    dials_out: bool = False,
    api_key: str = "",
    api_url: str = DAILY_API_URL,
) -> DailyRoomTransport:
    """Make the transport of one room.

    The people in it are heard together, in Pipecat's `UserAudioRawFrame`s, whose `user_id` is that
    of who speaks.

    Args:
        room_url: Where to join.
        token: The agent's token, if the room is private.
        bot_name: What people see as the agent's name.
        dialin: The call that Daily's webhook announced, if this room answers one.
        dials_out: Whether the agent calls somebody from the room. Then nobody is connected before
            that call is taken.
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
    return DailyRoomTransport(room_url, token, bot_name, params, dials_out=dials_out)
