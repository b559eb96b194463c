"""The phones of Telnyx and Plivo speak as their vendors document it."""

import asyncio
import base64
import itertools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI, WebSocket

from antiphon.simulation.lines.codecs import ALAW, ULAW, linear
from antiphon.simulation.lines.phones import Vendor, open_stream
from antiphon.simulation.lines.vendor_stream import VendorStream

from .phones import served

pytestmark = pytest.mark.virtual_time

SECOND = base64.b64encode(b"\x10" * 8000).decode()
TELNYX_SOUND = {"event": "media", "media": {"payload": SECOND}}
PLIVO_L16 = {"contentType": "audio/x-l16", "sampleRate": 8000}
PLIVO_SOUND = {"event": "playAudio", "media": {**PLIVO_L16, "payload": SECOND}, "streamId": "s"}


def server(heard: list[dict[str, Any]], *says: dict[str, Any]) -> FastAPI:
    """Says its messages once the stream has begun, and keeps what it hears."""
    app = FastAPI()

    @app.websocket("/ws")
    async def answer(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            heard.append(json.loads(text))
            if heard[-1]["event"] == "start":
                for message in says:
                    await websocket.send_json(message)

    return app


async def called(
    vendor: Vendor, *says: dict[str, Any], act: Callable[[VendorStream], Any], **call: Any
) -> tuple[VendorStream, list[dict[str, Any]]]:
    heard: list[dict[str, Any]] = []
    async with served(server(heard, *says)) as address:
        phone = open_stream(vendor, f"ws://{address}/ws", stream_sid="s", **call)
        await phone.connect()
        await act(phone)
        await phone.disconnect()
    return phone, heard


async def packet_and_key(phone: VendorStream) -> None:
    await phone.send(b"\xff" * 160)
    await phone.press("4")


async def test_telnyx_names_its_format_and_numbers_in_words() -> None:
    _, heard = await called("telnyx", act=packet_and_key)
    connected, start, media, key, stop = heard
    assert connected == {"event": "connected", "version": "1.0.0"}
    assert start["start"]["media_format"] == {
        "encoding": "PCMU",
        "sample_rate": 8000,
        "channels": 1,
    }
    assert [each["sequence_number"] for each in (start, media, key, stop)] == ["1", "2", "3", "4"]
    assert media["media"]["chunk"] == "1"
    assert key["dtmf"] == {"digit": "4"}
    assert {each["stream_id"] for each in (start, media, key, stop)} == {"s"}


async def test_plivo_begins_with_the_start_and_numbers_in_numbers() -> None:
    _, heard = await called("plivo", act=packet_and_key)
    start, media, key = heard
    assert start["start"]["mediaFormat"] == {"encoding": "audio/x-l16", "sampleRate": 8000}
    assert [each["sequenceNumber"] for each in heard] == [1, 2, 3]
    assert (media["media"]["chunk"], media["streamId"]) == (1, "s")
    assert key["dtmf"]["digit"] == "4"


async def test_telnyx_sends_marks_back_when_their_sound_was_played_or_cleared() -> None:
    marks = [{"event": "mark", "mark": {"name": name}} for name in ("a", "b")]
    says = [TELNYX_SOUND, marks[0], TELNYX_SOUND, marks[1]]

    async def listen(phone: VendorStream) -> None:
        await asyncio.sleep(1.1)
        assert phone.marks == ["a"]
        await asyncio.sleep(1.0)

    phone, heard = await called("telnyx", *says, act=listen)
    assert phone.marks == ["a", "b"]
    assert [each["mark"] for each in heard if each["event"] == "mark"] == [
        {"name": "a"},
        {"name": "b"},
    ]
    phone, _ = await called("telnyx", *says, {"event": "clear"}, act=lambda _: asyncio.sleep(0.1))
    assert phone.marks == ["a", "b"]


async def test_plivo_confirms_what_it_cleared_with_the_number_0_and_no_checkpoints() -> None:
    says = [
        PLIVO_SOUND,
        {"event": "checkpoint", "streamId": "s", "name": "a"},
        {"event": "clearAudio", "streamId": "s"},
    ]
    phone, heard = await called("plivo", *says, act=lambda _: asyncio.sleep(1.0))
    assert heard[-1] == {"event": "clearedAudio", "sequenceNumber": 0, "streamId": "s"}
    assert phone.marks == []
    assert len(phone.clears) == 1


@pytest.mark.parametrize(
    ("vendor", "unreadable"),
    [
        ("telnyx", {"event": "media", "media": {"payload": "AAAA"}}),  # less than 20 ms
        ("telnyx", {"event": "media", "media": {"payload": "ü"}}),
        ("telnyx", {"event": "playAudio", "media": {"payload": SECOND}}),
        ("telnyx", {"event": "mark", "name": "a"}),
        ("plivo", {"event": "media", "media": {"payload": SECOND}}),
        ("plivo", {**PLIVO_SOUND, "media": {"payload": SECOND}}),
        ("plivo", {**PLIVO_SOUND, "media": {**PLIVO_L16, "sampleRate": 16_000, "payload": SECOND}}),
        ("plivo", {**PLIVO_SOUND, "media": {**PLIVO_L16, "payload": SECOND * 2}}),
        ("plivo", {"event": "checkpoint", "streamId": "another", "name": "a"}),
    ],
)
async def test_what_the_vendor_could_not_read_ends_the_call(
    vendor: Vendor, unreadable: dict[str, Any]
) -> None:
    phone, _ = await called(vendor, unreadable, act=lambda _: asyncio.sleep(0.1))
    with pytest.raises(ConnectionError, match=f"a message that {phone.vendor} cannot read"):
        phone.check()


async def test_one_message_in_twenty_comes_after_the_next_and_none_is_lost() -> None:
    async def talk(phone: VendorStream) -> None:
        for number in range(400):
            await phone.send(b"\xff" * 160)
            if number % 40 == 0:
                await phone.press("5")

    _, heard = await called("telnyx", act=talk, swaps=0.05, seed=3)
    numbers = [int(each["sequence_number"]) for each in heard[1:]]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    swapped = sum(a > b for a, b in itertools.pairwise(numbers))
    assert 10 <= swapped <= 40


@pytest.mark.parametrize("codec", [ULAW, ALAW, linear(8000), linear(16_000)])
async def test_what_is_said_is_heard_in_every_codec(codec: Any) -> None:
    pcm = (np.sin(np.arange(400) / 5) * 12_000).astype("<i2").tobytes()
    back = np.frombuffer(codec.to_pcm(codec.from_pcm(pcm)), "<i2").astype(int)
    assert np.abs(back - np.frombuffer(pcm, "<i2")).max() <= 512


@pytest.mark.parametrize(("byte", "sample"), [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256)])
async def test_alaw_has_the_values_of_g_711(byte: int, sample: int) -> None:
    assert np.frombuffer(ALAW.to_pcm(bytes([byte])), "<i2")[0] == sample
