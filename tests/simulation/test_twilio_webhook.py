"""A phone that rings our own server as Twilio does: webhook first, then the media stream."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from antiphon.pipeline.server import ServerSettings, create_app
from antiphon.pipeline.worker import CallWorker
from antiphon.simulation.fakes import FakeTTS
from antiphon.simulation.twilio_caller import TwilioCaller
from fastapi import FastAPI, Response
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.transports.base_transport import BaseTransport
from pydantic import SecretStr

TOKEN = "0123456789abcdef"

pytestmark = pytest.mark.virtual_time


class Greeter:
    """An agent that says hello, and no more."""

    def worker(self, transport: BaseTransport, **kwargs: Any) -> CallWorker:
        worker = CallWorker(
            Pipeline([transport.input(), FakeTTS(), transport.output()]),
            enable_rtvi=False,
            **kwargs,
        )

        async def greet(*_: Any) -> None:
            await worker.queue_frame(TTSSpeakFrame("Hello and welcome."))

        async def leave(*_: Any) -> None:
            await worker.cancel()

        transport.add_event_handler("on_client_connected", greet)
        transport.add_event_handler("on_client_disconnected", leave)
        return worker


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    config = uvicorn.Config(app, port=0, log_level="error", ws="websockets-sansio", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn has no event for it)
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/twilio/voice"
    finally:
        server.should_exit = True
        await serving


def door(**settings: Any) -> FastAPI:
    return create_app(
        Greeter(),
        transports=["twilio"],
        settings=ServerSettings(twilio_auth_token=SecretStr(TOKEN), **settings),
    )


async def test_the_webhook_lets_the_phone_in_and_the_agent_is_heard() -> None:
    async with served(door()) as url, TwilioCaller(url, auth_token=TOKEN) as phone:
        await phone.listen(2.0)
        assert len(phone.heard) == 1


async def test_a_phone_that_does_not_sign_as_twilio_is_refused() -> None:
    async with served(door()) as url:
        with pytest.raises(ConnectionError, match=r"HTTP 403: .*signature is not Twilio's"):
            async with TwilioCaller(url, auth_token="another"):
                pass


async def test_a_full_server_is_told_from_one_that_fails() -> None:
    async with (
        served(door(capacity=1)) as url,
        TwilioCaller(url, auth_token=TOKEN) as phone,
    ):
        await phone.listen(0.5)
        with pytest.raises(ConnectionError, match="connects no stream; it answers with: Reject"):
            async with TwilioCaller(url, auth_token=TOKEN, call_sid="CA" + "1" * 32):
                pass


async def test_an_answer_that_is_no_twiml_is_shown() -> None:
    app = FastAPI()

    @app.post("/twilio/voice")
    async def voice() -> Response:
        return Response("hello?")

    async with served(app) as url:
        with pytest.raises(ConnectionError, match=r"no TwiML: hello\?"):
            async with TwilioCaller(url):
                pass
