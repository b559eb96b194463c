"""A Daily room: only the native call client and Daily's API are stood in for."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pipecat.transports.daily import transport as daily_transport

__all__ = ["CallClientStub", "DailyApi", "OwedAnswers", "Sound", "hears", "joined"]


@dataclass
class Sound:
    """`daily.AudioData`, which only the SDK can make."""

    audio_frames: bytes
    sample_rate: int = 16_000
    num_channels: int = 1
    bits_per_sample: int = 16


class CallClientStub:
    """The part of `daily.CallClient` that touches the network; answers from another thread."""

    instances: list["CallClientStub"] = []  # noqa: RUF012 - what the test looks at
    join_error: str | None = None
    dial_out_error: str | None = None

    def __init__(self, event_handler: Any = None) -> None:
        self.handler = event_handler
        self.joined: tuple[str, str] | None = None
        self.left = threading.Event()
        self.dialled: list[Any] = []
        self.renderers: dict[str, Callable[..., None]] = {}
        CallClientStub.instances.append(self)

    def join(self, url: str, token: str, client_settings: Any, completion: Any) -> None:
        self.joined = (url, token)
        data = {"participants": {"local": {"id": "agent"}}, "meetingSession": {"id": "m"}}
        result = (None, self.join_error) if self.join_error else (data, None)
        self.from_another_thread(completion, *result)

    def leave(self, completion: Any) -> None:
        self.left.set()
        self.from_another_thread(completion, None)

    def start_dialout(self, settings: Any, completion: Any) -> None:
        self.dialled.append(settings)
        self.from_another_thread(completion, "session", self.dial_out_error)

    def set_audio_renderer(self, participant: str, callback: Any, **_: Any) -> None:
        self.renderers[participant] = callback

    def update_subscriptions(self, completion: Any = None, **_: Any) -> None:
        self.from_another_thread(completion, None)

    def update_subscription_profiles(self, *_: Any) -> None:
        pass

    def set_user_name(self, *_: Any) -> None:
        pass

    def release(self) -> None:
        """Leave, as a client does whose pipeline is cancelled before it has started."""
        self.left.set()

    def from_another_thread(self, function: Callable[..., Any], *arguments: Any) -> None:
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def person(self, id_: str) -> dict[str, Any]:
        return {"id": id_, "info": {"userName": id_}}

    def joins(self, id_: str) -> None:
        self.from_another_thread(self.handler.on_participant_joined, self.person(id_))

    def says(self, id_: str, audio: bytes) -> None:
        data = Sound(audio)
        self.from_another_thread(self.renderers[id_], id_, data, "microphone")

    def leaves(self, id_: str) -> None:
        self.from_another_thread(self.handler.on_participant_left, self.person(id_), "left")


class DailyApi:
    """Daily's REST API, as far as rooms and tokens go."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Any]] = []
        self.deleted = asyncio.Event()
        self.connected: asyncio.Queue[Any] = asyncio.Queue()
        self.is_broken = False

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/rooms", self.make_room)
        app.router.add_post("/meeting-tokens", self.make_token)
        app.router.add_delete("/rooms/{name}", self.delete_room)
        app.router.add_post("/dialin/pinlessCallUpdate", self.connect)
        return app

    async def make_room(self, request: web.Request) -> web.Response:
        self.requests.append(("room", await request.json()))
        if self.is_broken:
            return web.json_response({"error": "no"}, status=500)
        room = {
            "id": "1",
            "name": "r1",
            "api_created": True,
            "privacy": "private",
            "url": "https://x.daily.co/r1",
            "created_at": "2026-01-01T00:00:00.000Z",
            "config": {},
        }
        return web.json_response(room)

    async def make_token(self, request: web.Request) -> web.Response:
        properties = (await request.json())["properties"]
        self.requests.append(("token", properties))
        return web.json_response({"token": "owner" if properties["is_owner"] else "person"})

    async def connect(self, request: web.Request) -> web.Response:
        self.connected.put_nowait(await request.json())
        return web.json_response({})

    async def delete_room(self, request: web.Request) -> web.Response:
        self.deleted.set()
        return web.json_response({"deleted": True})


class OwedAnswers:
    """Pipecat's callbacks that Daily's own threads still call, perhaps after the call."""

    def __init__(self) -> None:
        self._owed: list[threading.Event] = []

    def callback(self, future: Any) -> Callable[..., None]:
        answer, done = _callback(future), threading.Event()
        self._owed.append(done)

        def called(*args: Any) -> None:
            answer(*args)
            done.set()

        return called

    async def come(self) -> None:
        for each in self._owed:
            await asyncio.to_thread(each.wait, 1)


_callback = daily_transport.completion_callback


async def joined() -> CallClientStub:
    while not any(stub.joined for stub in CallClientStub.instances):  # noqa: ASYNC110 - idem
        await asyncio.sleep(0.01)
    return CallClientStub.instances[0]


async def hears(client: CallClientStub, participant: str) -> None:
    while participant not in client.renderers:  # noqa: ASYNC110 - set by another thread
        await asyncio.sleep(0.01)
