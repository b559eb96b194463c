"""A LiveKit room by name; nobody here talks to a server."""

import sys
from typing import Any

import pytest
from pipecat.transports.livekit.transport import LiveKitParams, LiveKitTransport

from antiphon.transports import create_transport
from antiphon.transports.livekit import LiveKitRoomTransport

ROOM: dict[str, Any] = {"url": "wss://live.example.com", "token": "a-token", "room_name": "desk"}


async def test_a_room_is_pipecats_own_transport_with_all_people_on_one_track() -> None:
    transport = create_transport("livekit", **ROOM)
    assert isinstance(transport, LiveKitTransport)
    params = transport.input()._params
    assert isinstance(params, LiveKitParams)
    assert params.audio_in_enabled
    assert params.audio_out_enabled
    assert not params.audio_in_user_tracks
    assert transport.output() is not None


async def test_parameters_of_ones_own_are_taken() -> None:
    params = LiveKitParams(audio_in_enabled=True, audio_in_user_tracks=True)
    transport = create_transport("livekit", **ROOM, params=params)
    assert isinstance(transport, LiveKitTransport)
    assert transport.input()._params is params


async def test_the_people_in_the_room_are_one_client() -> None:
    transport = LiveKitRoomTransport(**ROOM, params=LiveKitParams())
    seen: list[tuple[str, Any]] = []

    async def connected(_: Any, person: Any) -> None:
        seen.append(("connected", person["id"]))

    async def disconnected(_: Any, person: Any) -> None:
        seen.append(("disconnected", person["id"]))

    transport.add_event_handler("on_client_connected", connected)
    transport.add_event_handler("on_client_disconnected", disconnected)
    await transport._on_participant_connected("ann")
    await transport._on_participant_connected("bob")
    await transport._on_participant_disconnected("ann")
    await transport._on_participant_connected("cat")
    await transport._on_participant_disconnected("bob")
    await transport.cleanup()
    assert seen == [("connected", "ann")]
    await transport._on_participant_disconnected("cat")
    await transport.cleanup()
    assert seen == [("connected", "ann"), ("disconnected", "cat")]


async def test_a_room_that_closes_ends_the_call() -> None:
    transport = LiveKitRoomTransport(**ROOM, params=LiveKitParams())
    seen: list[str] = []

    async def disconnected(_: Any, person: Any) -> None:
        seen.append(person["id"])

    transport.add_event_handler("on_client_disconnected", disconnected)
    await transport._on_participant_connected("ann")
    await transport._on_disconnected()
    await transport._on_participant_disconnected("ann")
    await transport.cleanup()
    assert seen == ["ann"]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"url": "live.example.com"}, "no LiveKit server"),
        ({"url": ""}, "no LiveKit server"),
        ({"token": ""}, "token is empty"),
        ({"room_name": ""}, "room_name is empty"),
    ],
)
def test_what_leads_to_no_room_is_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        create_transport("livekit", **{**ROOM, **wrong})


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "livekit", None)
    for module in ("antiphon.transports.livekit", "pipecat.transports.livekit.transport"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(ImportError, match=r"pip install 'antiphon\[livekit\]'") as refused:
        create_transport("livekit", **ROOM)
    assert "\n" not in str(refused.value)
