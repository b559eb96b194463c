"""A phone that rings our own server as Twilio does: webhook first, then the media stream."""

from typing import Any

import pytest
from fastapi import FastAPI, Response
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.transports.base_transport import BaseTransport
from pydantic import SecretStr

from antiphon.pipeline.server import ServerSettings, create_app
from antiphon.pipeline.worker import CallWorker
from antiphon.simulation.fakes import FakeTTS
from antiphon.simulation.lines.twilio_caller import TwilioCaller

from .phones import served

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


def door(**settings: Any) -> FastAPI:
    return create_app(
        Greeter(),
        transports=["twilio"],
        settings=ServerSettings(twilio_auth_token=SecretStr(TOKEN), **settings),
    )


async def test_the_webhook_lets_the_phone_in_and_the_agent_is_heard() -> None:
    async with (
        served(door()) as address,
        TwilioCaller(f"http://{address}/twilio/voice", auth_token=TOKEN) as phone,
    ):
        await phone.listen(2.0)
        assert len(phone.heard) == 1


async def test_a_phone_that_does_not_sign_as_twilio_is_refused() -> None:
    async with served(door()) as address:
        with pytest.raises(ConnectionError, match=r"HTTP 403: .*signature is not Twilio's"):
            async with TwilioCaller(f"http://{address}/twilio/voice", auth_token="another"):
                pass


async def test_a_full_server_is_told_from_one_that_fails() -> None:
    async with (
        served(door(capacity=1)) as address,
        TwilioCaller(f"http://{address}/twilio/voice", auth_token=TOKEN) as phone,
    ):
        await phone.listen(0.5)
        with pytest.raises(ConnectionError, match="connects no stream; it answers with: Reject"):
            async with TwilioCaller(
                f"http://{address}/twilio/voice", auth_token=TOKEN, call_sid="CA" + "1" * 32
            ):
                pass


async def test_an_answer_that_is_no_twiml_is_shown() -> None:
    app = FastAPI()

    @app.post("/twilio/voice")
    async def voice() -> Response:
        return Response("hello?")

    async with served(app) as address:
        with pytest.raises(ConnectionError, match=r"no TwiML: hello\?"):
            async with TwilioCaller(f"http://{address}/twilio/voice"):
                pass
