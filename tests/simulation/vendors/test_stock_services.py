"""Pipecat's own Deepgram, OpenAI and Cartesia services, unchanged, against the servers."""

from contextlib import AsyncExitStack

import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InterimTranscriptionFrame,
    InterruptionFrame,
    MetricsFrame,
    TranscriptionFrame,
    TTSTextFrame,
)
from pipecat.observers.base_observer import BaseObserver, FramePushed
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.cartesia.tts import CartesiaTTSService
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.llm_service import FunctionCallParams
from pipecat.services.openai.llm import OpenAILLMService

from antiphon.core.reaching_in import close_client
from antiphon.simulation.frames import silence, speech
from antiphon.simulation.runs import FrameLog, run_frames
from antiphon.simulation.vendors.cartesia import CartesiaServer
from antiphon.simulation.vendors.deepgram import DeepgramServer
from antiphon.simulation.vendors.openai import OpenAIServer
from antiphon.simulation.virtual_time import run_virtual
from antiphon.transports.memory import MemoryTransport

from ..calls import call, question_then_barge_in

# The Deepgram SDK uses names that its websockets library has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:websockets.*deprecated:DeprecationWarning")

QUESTION = "What are your opening hours?"
ANSWER = "We are open from nine to five. See you soon!"


class Seen(BaseObserver):
    """Keeps every frame once."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[object] = []

    async def on_push_frame(self, data: FramePushed) -> None:
        if data.first_push:
            self.frames.append(data.frame)


async def ask_for_the_hours(
    *observers: BaseObserver, barge_in: bool = False
) -> tuple[MemoryTransport, LLMContext]:
    async def get_hours(params: FunctionCallParams) -> None:
        await params.result_callback({"open": 9, "close": 17})

    async with AsyncExitStack() as servers:
        deepgram = await servers.enter_async_context(
            DeepgramServer(script=[QUESTION, "And on Sunday?"], api_key="dg")
        )
        openai = await servers.enter_async_context(
            OpenAIServer(
                script=[{"tool": "get_hours", "arguments": {"day": "today"}}, ANSWER, "No."],
                api_key="oa",
            )
        )
        cartesia = await servers.enter_async_context(CartesiaServer(api_key="ca"))
        llm = OpenAILLMService(base_url=openai.url, api_key="oa")
        llm.register_function("get_hours", get_hours)
        # Pipecat 1.14 leaves the client's idle connections open.
        servers.push_async_callback(close_client, llm)
        return await call(
            DeepgramSTTService(base_url=deepgram.url, api_key="dg"),
            llm,
            CartesiaTTSService(
                url=cartesia.url, api_key="ca", settings=CartesiaTTSService.Settings(voice="v")
            ),
            question_then_barge_in() if barge_in else silence(0.5) + speech(2.0) + silence(6.0),
            observers=observers,
        )


def roles(context: LLMContext) -> list[tuple[str, object]]:
    return [(m["role"], m.get("content")) for m in context.messages if isinstance(m, dict)]


@pytest.mark.virtual_time
async def test_all_three_hold_a_call_with_a_tool() -> None:
    seen = Seen()
    transport, context = await ask_for_the_hours(seen)
    assert roles(context) == [
        ("user", QUESTION),
        ("assistant", None),
        ("tool", '{"open": 9, "close": 17}'),
        ("assistant", ANSWER),
    ]
    played = sum(len(chunk.pcm) for chunk in transport.played) / 2 / 16_000
    assert played == pytest.approx(10 / 2.7, abs=0.1)
    words = [frame.text for frame in seen.frames if isinstance(frame, TTSTextFrame)]
    assert words == ANSWER.split()
    interims = [f.text for f in seen.frames if isinstance(f, InterimTranscriptionFrame)]
    assert interims[0] == "What"
    (final,) = [frame for frame in seen.frames if isinstance(frame, TranscriptionFrame)]
    assert final.finalized
    assert not [frame for frame in seen.frames if isinstance(frame, ErrorFrame)]
    measured = {
        type(item).__name__
        for frame in seen.frames
        if isinstance(frame, MetricsFrame)
        for item in frame.data
    }
    assert "TTFBMetricsData" in measured


@pytest.mark.virtual_time
async def test_a_barge_in_cancels_the_voice_at_the_vendor() -> None:
    seen = Seen()
    _, context = await ask_for_the_hours(seen, barge_in=True)
    assert [frame for frame in seen.frames if isinstance(frame, InterruptionFrame)]
    last = roles(context)
    heard = str(last[3][1])
    assert ANSWER.startswith(heard)
    assert heard != ANSWER
    assert last[-1] == ("assistant", "No.")


@pytest.mark.virtual_time
async def test_flux_takes_turns_without_a_vad() -> None:
    async with DeepgramServer(script=[QUESTION]) as server:
        stt = DeepgramFluxSTTService(
            url=server.flux_url,
            api_key="dg",
            settings=DeepgramFluxSTTService.Settings(eager_eot_threshold=0.4, eot_threshold=0.8),
        )
        out = (await run_frames(stt, silence(0.5) + speech(2.0) + silence(2.0))).down
    assert out.only(TranscriptionFrame).text == QUESTION
    assert 2.5 < out.of(TranscriptionFrame).times[0] < 3.5
    assert out.of(InterimTranscriptionFrame).texts[0] == "What are"
    assert server.requests[0]["model"] == "flux-general-en"


@pytest.mark.virtual_time
@pytest.mark.parametrize("vendor", ["nova", "flux"])
async def test_a_multilingual_model_tells_the_language_of_each_turn(vendor: str) -> None:
    async with DeepgramServer(script=[QUESTION, "¿Y el domingo?"], tags=["en", "es"]) as server:
        stt: DeepgramFluxSTTService | DeepgramSTTService
        if vendor == "flux":
            multi = DeepgramFluxSTTService.Settings(model="flux-general-multi")
            stt = DeepgramFluxSTTService(url=server.flux_url, api_key="dg", settings=multi)
        else:
            stt = DeepgramSTTService(
                base_url=server.url,
                api_key="dg",
                settings=DeepgramSTTService.Settings(language="multi"),
            )
        turns = silence(0.5) + speech(2.0) + silence(1.5) + speech(2.0) + silence(1.5)
        out = (await run_frames(stt, turns)).down
    assert [frame.language for frame in out.frames(TranscriptionFrame)] == ["en", "es"]


def one_run() -> list[str]:
    log = FrameLog()
    run_virtual(ask_for_the_hours(log, barge_in=True))
    return log.lines


@pytest.mark.system
def test_calls_over_real_sockets_repeat_in_virtual_time() -> None:
    first = one_run()
    assert len(first) > 3_000
    assert [one_run() == first for _ in range(2)] == [True] * 2
