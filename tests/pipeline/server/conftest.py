"""A server on loopback and the callers that ring it."""

import asyncio
import base64
import gc
import json
import os
import socket
import sys
import xml.etree.ElementTree as ElementTree
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from aiohttp import web
from fastapi import FastAPI
from pipecat.transports.daily import transport as daily_transport
from twilio.request_validator import RequestValidator

from antiphon.pipeline.server import ServerSettings, create_app

from .daily_room import CallClientStub, OwedAnswers
from .parrot import ParrotAgent

AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
API_KEY = "key-of-the-test"
TONE = b"\x10\x20" * 320
ACCOUNT = "AC" + "0" * 32
OWN_ADDRESS = "own"
MADE = "CA" + "e" * 32
PACKET = base64.b64encode(b"\xff" * 320).decode()


@pytest.fixture(autouse=True)
def collector_as_it_was() -> Iterator[None]:
    """A server that starts in a test sets the garbage collector of the whole process."""
    thresholds = gc.get_threshold()
    yield
    if gc.get_threshold() != thresholds:
        gc.unfreeze()
        gc.set_threshold(*thresholds)


@pytest.fixture
async def daily_client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A stand-in for Daily's client; what its microphone still owes comes before the loop ends."""
    owed = OwedAnswers()
    monkeypatch.setattr(daily_transport, "CallClient", CallClientStub)
    monkeypatch.setattr(daily_transport, "completion_callback", owed.callback)
    monkeypatch.setattr(CallClientStub, "instances", [])
    yield
    await owed.come()


class PhoneCall:
    """The far end of a media stream."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse, call_sid: str) -> None:
        self.websocket = websocket
        self.call_sid = call_sid
        self.stream_sid = "MZ" + call_sid[2:]
        self._sequence = 1

    async def start(self, parameters: dict[str, str], **start: Any) -> None:
        await self.websocket.send_json({"event": "connected", "protocol": "Call"})
        sids = {
            "streamSid": self.stream_sid,
            "callSid": self.call_sid,
            "accountSid": "AC" + "0" * 32,
        }
        message = {**sids, "customParameters": parameters, **start}
        await self.websocket.send_json({"event": "start", "sequenceNumber": "1", "start": message})

    async def says_packet(self) -> None:
        self._sequence += 1
        await self.websocket.send_json(
            {
                "event": "media",
                "sequenceNumber": str(self._sequence),
                "streamSid": self.stream_sid,
                "media": {"track": "inbound", "payload": PACKET},
            }
        )

    async def hears(self, event: str = "media") -> dict[str, Any]:
        while True:
            message = await self.websocket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise ConnectionError(f"the call ended: {message}")
            received: dict[str, Any] = json.loads(message.data)
            if received["event"] == event:
                return received

    async def is_answered(self) -> bool:
        """Whether the agent answers a packet."""
        try:
            await self.says_packet()
            await self.hears()
        except ConnectionError:
            return False
        return True

    async def ended(self) -> None:
        while (await self.websocket.receive()).type not in (
            aiohttp.WSMsgType.CLOSE,
            aiohttp.WSMsgType.CLOSED,
            aiohttp.WSMsgType.ERROR,
        ):
            pass


class Phone:
    """Twilio, as far as a server sees of it."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self.session = session
        self.base = base
        self._calls: list[PhoneCall] = []

    async def hang_up_all(self) -> None:
        for call in self._calls:
            await call.websocket.close()
        self._calls.clear()

    async def everybody_is_answered(self) -> bool:
        return all([await call.is_answered() for call in self._calls])

    async def post(
        self, path: str, form: dict[str, str], *, signed_url: str | None = None, **headers: str
    ) -> aiohttp.ClientResponse:
        url = self.base + path
        signature = RequestValidator(AUTH_TOKEN).compute_signature(signed_url or url, form)
        headers = {"X-Twilio-Signature": signature, **headers}
        async with self.session.post(url, data=form, headers=headers) as response:
            await response.read()
        return response

    async def rings(self, number: int, *, caller: str = "") -> ElementTree.Element:
        form = {"CallSid": sid(number), "From": caller or f"+49301234{number:03}", "To": "+4930"}
        return await self.asks("/twilio/voice", form)

    async def asks(self, path: str, form: dict[str, str]) -> ElementTree.Element:
        """Ask, signed, what to do."""
        response = await self.post(path, form)
        assert response.status == 200, await response.text()
        return ElementTree.fromstring(await response.text())

    async def rings_in_vain(self) -> None:
        """Ring until nobody listens any more."""
        while True:
            try:
                await self.post("/twilio/voice", {"CallSid": sid(999)})
            except aiohttp.ClientConnectionError:
                return

    async def connects(self, twiml: ElementTree.Element, number: int, **start: Any) -> PhoneCall:
        stream = twiml.find("./Connect/Stream")
        assert stream is not None, ElementTree.tostring(twiml)
        parameters = {p.attrib["name"]: p.attrib["value"] for p in stream.iter("Parameter")}
        websocket = await self.session.ws_connect(stream.attrib["url"])
        call = PhoneCall(websocket, sid(number))
        self._calls.append(call)
        await call.start(parameters, **start)
        return call

    async def calls(self, number: int) -> PhoneCall:
        return await self.connects(await self.rings(number), number)


def sid(number: int) -> str:
    return f"CA{number:032x}"


@dataclass
class Running:
    """A server that runs, and what a test needs of it."""

    app: FastAPI
    agent: ParrotAgent
    base: str
    session: aiohttp.ClientSession
    phone: Phone

    async def metric(self, name: str) -> float:
        async with self.session.get(f"{self.base}/metrics") as response:
            lines = (await response.text()).splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    async def metric_reaches(self, name: str, value: float) -> None:
        while await self.metric(name) != value:  # noqa: ASYNC110 - it is seen only by asking
            await asyncio.sleep(0.01)


@asynccontextmanager
async def run_server(
    *transports: str,
    crash: bool = False,
    prefix: str = "",
    agent: Any = None,
    default: Any = None,
    **settings: Any,
) -> AsyncIterator[Running]:
    agent = agent or ParrotAgent(crash=crash)
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    if settings.get("public_url") == OWN_ADDRESS:
        settings["public_url"] = address
    options: dict[str, Any] = {"twilio_auth_token": AUTH_TOKEN, "api_keys": API_KEY, **settings}
    app = create_app(
        agent,
        default=default,
        transports=transports or ("twilio",),
        settings=ServerSettings(**options),
    )
    outer = app
    if prefix:
        outer = FastAPI()
        outer.mount(prefix, app)
    config = uvicorn.Config(outer, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it only so
        await asyncio.sleep(0.01)
    base = address + prefix
    async with aiohttp.ClientSession() as session:
        running = Running(app, agent, base, session, Phone(session, base))
        try:
            yield running
        finally:
            await running.phone.hang_up_all()
            await session.close()
            await app.state.calls.cancel()
            server.should_exit = True
            await serving


@pytest.fixture
def serving() -> Callable[..., AbstractAsyncContextManager[Running]]:
    return run_server


class TwilioApi:
    """Twilio's Calls resource."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.status = 200

    async def calls(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, dict((await request.post()).items())))  # type: ignore[arg-type]
        body = {"sid": MADE, "message": "no", "code": 1, "status": self.status}
        return web.json_response(body, status=self.status)


@pytest.fixture
async def api() -> AsyncIterator[tuple[TwilioApi, str]]:
    stand_in = TwilioApi()
    app = web.Application()
    app.router.add_post("/2010-04-01/Accounts/{account}/{rest:.*}", stand_in.calls)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield stand_in, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
def office(serving: Any, api: Any) -> Callable[..., Any]:
    def serve(*transports: str, **settings: Any) -> Any:
        options = {
            "twilio_account_sid": ACCOUNT,
            "twilio_api_url": api[1],
            "twilio_number": "+49301",
            "public_url": OWN_ADDRESS,
            "dial_prefixes": "+4930",
            **settings,
        }
        return serving(*(transports or ("twilio",)), **options)

    return serve


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
async def start_worker() -> AsyncIterator[Callable[..., Awaitable[Process]]]:
    """`antiphon serve` as a process."""
    processes: list[Process] = []

    async def start(
        port: int,
        *,
        workers: int = 1,
        agent: Sequence[str] = ("--agent", "parrot:parrot"),
        **settings: str,
    ) -> Process:
        arguments = ["serve", "--transport", "twilio", *agent, "--workers", str(workers)]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *["-m", "antiphon", *arguments, "--port", str(port)],
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parent),
                "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
                **{f"ANTIPHON_{name.upper()}": value for name, value in settings.items()},
            },
            stderr=asyncio.subprocess.DEVNULL,
        )
        processes.append(process)
        await answers(f"http://127.0.0.1:{port}/readyz", 200)
        return process

    yield start
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def answers(url: str, status: int) -> None:
    """Wait until an address answers."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as response:
                    if response.status == status:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


@pytest.fixture
async def phone_to() -> AsyncIterator[Callable[[int], Phone]]:
    """A phone that rings what listens on a port."""
    async with aiohttp.ClientSession() as session:
        phones: list[Phone] = []

        def ring(port: int) -> Phone:
            phones.append(Phone(session, f"http://127.0.0.1:{port}"))
            return phones[-1]

        yield ring
        for phone in phones:
            await phone.hang_up_all()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def prometheus_port() -> int:
    return free_port()


@pytest.fixture
def other_ports() -> list[int]:
    return [free_port(), free_port()]


@pytest.fixture
def wait_for_answer() -> Callable[[str, int], Awaitable[None]]:
    return answers


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Settings come from the test alone."""
    monkeypatch.chdir(tmp_path)
