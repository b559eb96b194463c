"""What a caller's messages become on their way from the socket into the pipeline."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from pipecat.frames.frames import Frame, InputAudioRawFrame, InputDTMFFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.plivo import PlivoFrameSerializer
from pipecat.serializers.telnyx import TelnyxFrameSerializer
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.workers.runner import WorkerRunner
from websockets.client import ClientProtocol
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from antiphon.pipeline.server.access.read_limiter import FRAMES_PER_SEC
from antiphon.pipeline.server.metrics import SOCKET_LIMITS
from antiphon.pipeline.server.process.websocket_protocol import (
    MAX_FRAMES_AT_ONCE,
    MAX_WAITING,
    CallWebSocket,
)
from antiphon.transports import create_transport
from antiphon.transports.telephony import twilio
from antiphon.transports.telephony.media_stream import MESSAGE_FILTER
from antiphon.transports.telephony.plivo import PlivoStart
from antiphon.transports.telephony.serializer import TelephonySerializer
from antiphon.transports.telephony.telnyx import TelnyxStart
from antiphon.transports.telephony.transport import TelephonyTransport
from antiphon.transports.telephony.twilio import TwilioStart

HEX = "0123456789abcdef" * 2
START = TwilioStart(stream_sid=f"MZ{HEX}", call_sid=f"CA{HEX}", account_sid=f"AC{HEX}")
READ_BYTES = 256 * 1024
Handler = Callable[[WebSocket], Awaitable[None]]


class Line:
    """The far end of a websocket, which cuts what it sends as it likes."""

    def __init__(self, port: int) -> None:
        self.protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}/"))
        self.port = port

    async def connect(self) -> None:
        self._reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.protocol.send_request(self.protocol.connect())
        self.sends()
        await self.hears()

    def sends(self, step: int = READ_BYTES) -> None:
        data = b"".join(self.protocol.data_to_send())
        for start in range(0, len(data), step):
            self.writer.write(data[start : start + step])

    def says(self, *messages: Any, pieces: int = 1) -> None:
        for message in messages:
            data = (message if isinstance(message, str) else json.dumps(message)).encode()
            size = -(-len(data) // pieces)
            for start in range(0, len(data), size):
                send = self.protocol.send_continuation if start else self.protocol.send_text
                send(data[start : start + size], fin=start + size >= len(data))

    async def hears(self) -> list[Any]:
        while not (events := self.protocol.events_received()):
            self.protocol.receive_data(await self._reader.read(READ_BYTES))
        return events


@asynccontextmanager
async def server(
    handler: Handler, ws: Any = CallWebSocket, *, is_ours: bool = True
) -> AsyncIterator[Line]:
    app = FastAPI()

    @app.websocket("/")
    async def accept(websocket: WebSocket) -> None:
        if is_ours and ws is CallWebSocket:
            websocket.scope["limits"] = websocket.scope["extensions"][SOCKET_LIMITS]()
        await websocket.accept()
        await handler(websocket)

    config = uvicorn.Config(
        app, port=0, ws=ws, log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it only so
        await asyncio.sleep(0.01)
    line = Line(server.servers[0].sockets[0].getsockname()[1])
    await line.connect()
    try:
        yield line
    finally:
        line.writer.close()
        server.should_exit = True
        await serving


class Agent(FrameProcessor):
    """Keeps what it hears, from when it is told to start until the caller is gone."""

    def __init__(self, kind: str = "twilio", **options: Any) -> None:
        super().__init__()
        self._kind = kind
        self._options = options
        self.heard: list[Frame] = []
        self.may_start = asyncio.Event()
        self.may_start.set()
        self.changed = asyncio.Event()
        self.ended = asyncio.Event()
        self.dropped = 0

    async def __call__(self, websocket: WebSocket) -> None:
        await self.may_start.wait()
        options = self._options or {"start": START}
        transport = create_transport(self._kind, websocket=websocket, **options)
        assert isinstance(transport, TelephonyTransport)
        worker = PipelineWorker(
            Pipeline([transport.input(), self, transport.output()]),
            enable_rtvi=False,
            params=PipelineParams(audio_in_sample_rate=8000),
        )

        @transport.event_handler("on_client_disconnected")
        async def leave(*_: Any) -> None:
            await worker.cancel()

        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        await runner.run()
        self.dropped = sum(transport.dropped.values())
        self.ended.set()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame | InputDTMFFrame):
            self.heard.append(frame)
            self.changed.set()
        await self.push_frame(frame, direction)

    async def hears(self, frames: int) -> list[int | str]:
        """Wait for frames; tell how many packets are in each, or the key."""
        while len(self.heard) < frames:
            self.changed.clear()
            await self.changed.wait()
        return [
            frame.button.value if isinstance(frame, InputDTMFFrame) else frame.num_frames // 160
            for frame in self.heard
            if isinstance(frame, InputAudioRawFrame | InputDTMFFrame)
        ]

    def pcm(self) -> bytes:
        return b"".join(f.audio for f in self.heard if isinstance(f, InputAudioRawFrame))


def media(number: int, key: str = "streamSid", stream: str = START.stream_sid) -> dict[str, Any]:
    payload = base64.b64encode(bytes((number * 31 + n) % 256 for n in range(160))).decode()
    return {"event": "media", key: stream, "media": {"payload": payload}}


def digit(key: str) -> dict[str, Any]:
    return {"event": "dtmf", "streamSid": START.stream_sid, "dtmf": {"digit": key}}


def rates(audio_in_sample_rate: int) -> Any:
    return SimpleNamespace(audio_in_sample_rate=audio_in_sample_rate)


async def pipecats(serializer: Any, messages: list[dict[str, Any]]) -> bytes:
    """What Pipecat's own serializer makes of them."""
    await serializer.setup(rates(8000))
    frames = [await serializer.deserialize(json.dumps(message)) for message in messages]
    return b"".join(frame.audio for frame in frames)


def telnyx(encoding: str) -> tuple[Any, ...]:
    sound = {"encoding": encoding, "sample_rate": 8000, "channels": 1}
    start = TelnyxStart(stream_id="s-1", call_control_id="v3:abc", media_format=sound)
    stock = TelnyxFrameSerializer(
        stream_id="s-1",
        inbound_encoding=encoding,
        outbound_encoding=encoding,
        params=TelnyxFrameSerializer.InputParams(auto_hang_up=False),
    )
    return "telnyx", {"start": start}, ("stream_id", "s-1"), stock


QUIET = {"auto_hang_up": False}
TWILIO = (
    "twilio",
    {"start": START},
    ("streamSid", START.stream_sid),
    TwilioFrameSerializer("MZ", params=TwilioFrameSerializer.InputParams(**QUIET)),
)
PLIVO = (
    "plivo",
    {
        "start": PlivoStart(
            stream_id="s-1",
            call_id="c-1",
            media_format={"encoding": "audio/x-mulaw", "sampleRate": 8000},
        )
    },
    ("streamId", "s-1"),
    PlivoFrameSerializer("s-1", params=PlivoFrameSerializer.InputParams(**QUIET)),
)


@pytest.mark.parametrize("ws", [CallWebSocket, "websockets-sansio"])
@pytest.mark.parametrize(
    ("kind", "options", "stream", "stock"), [TWILIO, PLIVO, telnyx("PCMU"), telnyx("PCMA")]
)
async def test_the_pipeline_hears_what_pipecats_serializer_reads(
    kind: str, options: dict[str, Any], stream: tuple[str, str], stock: Any, ws: Any
) -> None:
    messages = [media(number, *stream) for number in range(24)]
    agent = Agent(kind, **options)
    async with server(agent, ws) as line:
        line.says(*messages)
        line.sends()
        assert await agent.hears(15) == [2, 2, 1, 2, 1] * 3
    assert agent.pcm() == await pipecats(stock, messages)


@pytest.mark.parametrize("step", [1, 7, 333, READ_BYTES])
@pytest.mark.parametrize("pieces", [1, 3])
async def test_messages_may_come_cut_in_any_way_with_bad_ones_in_between(
    step: int, pieces: int
) -> None:
    agent = Agent()
    async with server(agent) as line:
        for number in range(16):
            line.says(media(number), "{", "[]", {"event": "media", "media": None}, pieces=pieces)
            line.protocol.send_ping(b"are you there")
            line.protocol.send_binary(b"\xff\xfe{")
        line.says(digit("5"))
        line.sends(step)
        assert await agent.hears(11) == [2, 2, 1, 2, 1] * 2 + ["5"]
        line.writer.close()
        await agent.ended.wait()
    assert agent.dropped == 4 * 16


async def test_a_binary_message_is_read_as_text_is() -> None:
    agent = Agent()
    async with server(agent) as line:
        line.protocol.send_binary(json.dumps(digit("7")).encode())
        line.protocol.send_binary(json.dumps(digit("8")).encode("utf-16"))
        for number in range(2):
            line.protocol.send_binary(json.dumps(media(number)).encode())
        line.sends()
        assert await agent.hears(2) == ["7", 2]


async def test_what_came_before_the_agent_was_there_is_heard_first_and_in_order() -> None:
    agent = Agent()
    agent.may_start.clear()
    messages = [media(number) for number in range(16)]
    async with server(agent) as line:
        line.says(*messages[:5], digit("1"), *messages[5:9])
        line.sends()
        # The answer to a ping says that all before it has come.
        line.protocol.send_ping(b"")
        line.sends()
        await line.hears()
        line.says(*messages[9:], digit("2"))
        line.sends()
        agent.may_start.set()
        assert await agent.hears(12) == [2, 2, 1, "1", 2, 1, 2, 2, 1, 2, 1, "2"]
    assert agent.pcm() == await pipecats(TWILIO[-1], messages)


async def test_a_packet_that_waits_for_its_window_leaves_the_socket_open_to_the_next() -> None:
    agent = Agent()
    agent.may_start.clear()
    async with server(agent) as line:
        line.says(media(0))
        line.protocol.send_ping(b"")
        line.sends()
        await line.hears()
        agent.may_start.set()
        line.says(media(1))
        line.sends()
        assert await agent.hears(1) == [2]


@pytest.mark.parametrize(
    ("rate_hz", "packets"), [(8000, [None, 2, None, 2, 1, None, 2, 1]), (16_000, [1] * 8)]
)
async def test_sound_waits_for_a_window_only_at_the_telephones_rate(
    rate_hz: int, packets: list[int | None]
) -> None:
    serializer = TelephonySerializer(TWILIO[-1], protocol=twilio.TWILIO, stream_id=START.stream_sid)
    await serializer.setup(rates(rate_hz))
    kept = [serializer.filter_message(json.dumps(media(number))) for number in range(8)]
    assert [sound and len(sound) // 160 for sound in kept] == packets


async def test_a_caller_who_leaves_before_the_filter_is_there_has_left() -> None:
    left = asyncio.Event()
    received: list[Any] = []

    async def handler(websocket: WebSocket) -> None:
        await left.wait()
        websocket.scope["extensions"][MESSAGE_FILTER]["attach"](lambda message: None)
        received.append(await websocket.receive())
        left.clear()

    async with server(handler) as line:
        line.protocol.send_close(1000)
        line.sends()
        await line.hears()
        left.set()
        while left.is_set():  # noqa: ASYNC110 - one turn of the loop is enough
            await asyncio.sleep(0)
    assert received == [{"type": "websocket.disconnect", "code": 1000, "reason": ""}]


@pytest.mark.parametrize("closes", [True, False])
async def test_a_caller_who_leaves_in_the_middle_of_a_window_ends_the_call(closes: bool) -> None:
    agent = Agent()
    async with server(agent) as line:
        line.says(*(media(number) for number in range(3)))
        if closes:
            line.protocol.send_close(1000)
        line.sends()
        line.writer.close()
        await agent.ended.wait()
    assert await agent.hears(1) == [2]


async def test_what_a_caller_says_last_comes_before_the_end() -> None:
    attached, over = asyncio.Event(), asyncio.Event()
    received: list[Any] = []

    async def handler(websocket: WebSocket) -> None:
        websocket.scope["extensions"][MESSAGE_FILTER]["attach"](lambda message: message)
        attached.set()
        while not received or received[-1]["type"] != "websocket.disconnect":
            received.append(await websocket.receive())
        over.set()

    async with server(handler) as line:
        await attached.wait()
        for word in ("first", "second", "last"):
            line.says(word)
            line.sends()
            await asyncio.sleep(0)
        line.writer.close()
        await over.wait()
    assert [message.get("text") for message in received] == ["first", "second", "last", None]


async def not_utf_8(line: Line) -> None:
    line.protocol.send_text(b"\xff")
    line.sends()


async def a_message_inside_another(line: Line) -> None:
    line.protocol.send_text(b"{", fin=False)
    line.protocol.send_ping(b"")
    line.sends()
    await line.hears()  # what follows comes on its own
    other = ClientProtocol(parse_uri("ws://127.0.0.1/"), state=State.OPEN)
    other.send_text(json.dumps(digit("5")).encode())
    line.writer.write(b"".join(other.data_to_send()))


@pytest.mark.parametrize(("wrong", "code"), [(not_utf_8, 1007), (a_message_inside_another, 1002)])
async def test_what_is_no_message_ends_the_websocket_as_it_did(
    wrong: Callable[[Line], Awaitable[None]], code: int
) -> None:
    agent = Agent()
    async with server(agent) as line:
        line.says(media(0), media(1))
        line.sends()
        await agent.hears(1)
        await wrong(line)
        [close] = await line.hears()
        await agent.ended.wait()
    assert isinstance(close, WireFrame)
    assert int.from_bytes(close.data[:2]) == code
    assert await agent.hears(1) == [2]


async def test_messages_that_come_one_by_one_wait_in_the_socket_too() -> None:
    count = 4 * MAX_WAITING
    kept = 0
    attached, all_sent, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def keep(message: str | bytes) -> str | bytes:
        nonlocal kept
        kept += 1
        return message

    async def handler(websocket: WebSocket) -> None:
        websocket.scope["extensions"][MESSAGE_FILTER]["attach"](keep)
        attached.set()
        await all_sent.wait()
        for number in range(count):
            assert json.loads(await websocket.receive_text()) == number
        over.set()

    async with server(handler) as line:
        await attached.wait()
        for number in range(count):
            line.says(number)
            line.sends()
            for _ in range(3):  # turns of the loop, in which the server reads it or leaves it
                await asyncio.sleep(0)
        assert kept < 2 * MAX_WAITING
        all_sent.set()
        await over.wait()


async def test_a_far_end_that_sends_faster_than_it_is_heard_has_to_wait() -> None:
    count, size = 160, 8192
    waiting = most = 0
    got: list[str] = []
    over = asyncio.Event()

    def keep(message: str | bytes) -> str | bytes:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        return message

    async def handler(websocket: WebSocket) -> None:
        nonlocal waiting
        websocket.scope["extensions"][MESSAGE_FILTER]["attach"](keep)
        while len(got) < count:
            got.append(await websocket.receive_text())
            waiting -= 1
            await asyncio.sleep(0)
        over.set()

    async with server(handler) as line:
        messages = [f"{number:0{size}}" for number in range(count)]
        line.says(*messages)
        line.sends()
        await over.wait()
    assert got == messages
    assert most <= MAX_WAITING + READ_BYTES / size + 1


class Flood:
    """A handler that notes what comes, and what the socket says of its limits."""

    def __init__(self) -> None:
        self.received: list[Any] = []
        self.limits: Any = None
        self.ended = asyncio.Event()

    async def __call__(self, websocket: WebSocket) -> None:
        self.limits = websocket.scope.get("limits", {})
        while not self.received or self.received[-1]["type"] != "websocket.disconnect":
            self.received.append(await websocket.receive())
        self.ended.set()

    def code(self) -> int:
        code: int = self.received[-1]["code"]
        return code


def without_end(line: Line, count: int) -> None:
    line.protocol.send_text(b"", fin=False)
    for _ in range(count):
        line.protocol.send_continuation(b"", fin=False)


async def test_a_message_in_pieces_without_end_is_cut_off() -> None:
    flood = Flood()
    async with server(flood) as line:
        without_end(line, 5000)
        line.sends()
        await flood.ended.wait()
    assert flood.code() == 1009
    assert flood.limits["fragments"] == 1
    assert len(flood.received) == 1


async def test_a_message_in_many_pieces_is_heard() -> None:
    flood = Flood()
    async with server(flood) as line:
        line.says("x" * 200 * 1024, pieces=200)
        line.protocol.send_close(1000)
        line.sends()
        await flood.ended.wait()
    assert [len(message.get("text", "")) for message in flood.received] == [200 * 1024, 0]
    assert flood.limits == {}


async def test_who_asks_too_often_whether_we_are_there_is_cut_off() -> None:
    flood = Flood()
    async with server(flood) as line:
        for _ in range(150):
            line.protocol.send_ping(b"x" * 125)
        line.sends()
        await flood.ended.wait()
    assert flood.code() == 1008
    assert flood.limits["pings"] == 1


@pytest.mark.parametrize("heard", [True, False])
async def test_of_small_frames_only_as_many_are_read_as_a_call_has(heard: bool) -> None:
    count, turns = 100_000, 50
    flood = Flood()

    async def handler(websocket: WebSocket) -> None:
        if heard:
            attach = websocket.scope["extensions"][MESSAGE_FILTER]["attach"]
            attach(lambda message: flood.received.append({"type": "dropped"}))
        await flood(websocket)

    async with server(handler) as line:
        data = WireFrame(Opcode.TEXT, b"").serialize(mask=True) * count
        line.writer.write(data)
        most = 0
        for _ in range(turns):
            before = len(flood.received)
            await asyncio.sleep(0)
            most = max(most, len(flood.received) - before)
        while "pace" not in (flood.limits or {}):  # noqa: ASYNC110 - it is seen only by asking
            await asyncio.sleep(0.01)
        read = len(flood.received)
        line.writer.transport.abort()
    assert most <= MAX_FRAMES_AT_ONCE
    assert read < 3 * FRAMES_PER_SEC


async def test_the_websocket_of_another_app_beside_ours_has_no_limits_of_ours() -> None:
    flood = Flood()
    async with server(flood, is_ours=False) as line:
        line.says("x" * 1000, pieces=1000)
        for number in range(10 * FRAMES_PER_SEC):
            line.says(str(number))
        line.protocol.send_close(1000)
        line.sends()
        async with asyncio.timeout(3):  # with limits it takes ten
            await flood.ended.wait()
    assert flood.code() == 1000
    assert len(flood.received) == 10 * FRAMES_PER_SEC + 2


@pytest.mark.parametrize(
    "headers", ["Content-Length: 3\r\n", "X: y\r\n" * 300, f"X: {'y' * 9000}\r\n"]
)
async def test_a_handshake_that_the_library_does_not_read_is_refused_at_once(headers: str) -> None:
    async with server(Flood()) as line:
        reader, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            + headers.encode()
            + b"\r\n"
        )
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()


async def test_a_call_that_is_flooded_goes_on_after_it() -> None:
    agent = Agent()
    async with server(agent) as line:
        line.writer.write(WireFrame(Opcode.TEXT, b"").serialize(mask=True) * 400)
        line.says(*(media(number) for number in range(8)), digit("5"))
        line.sends()
        assert await agent.hears(6) == [2, 2, 1, 2, 1, "5"]
        line.writer.close()
        await agent.ended.wait()
    assert agent.dropped == 400


async def test_a_library_that_fails_on_some_bytes_ends_that_websocket_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    flood = Flood()
    async with server(flood) as line:
        await ready(flood)
        monkeypatch.setattr(CallWebSocket, "handle_bytes", fail)
        line.protocol.send_binary(b"x")
        line.sends()
        await flood.ended.wait()
    assert flood.code() == 1011
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def ready(flood: Flood) -> None:
    while flood.limits is None:  # noqa: ASYNC110 - the handler tells it only so
        await asyncio.sleep(0)


def fail(*_: Any) -> None:
    raise LookupError("bytes that nobody thought of")
