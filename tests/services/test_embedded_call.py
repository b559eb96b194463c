"""The embedded default as a whole: a spoken call with real detection, recognition and synthesis."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import LLMRunFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.services.llm_service import FunctionCallParams
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from antiphon.services import (
    EspeakTTSService,
    PocketSphinxSTTService,
    Script,
    ScriptedLLMService,
)


@pytest.mark.looptime
async def test_a_caller_is_greeted_understood_served_and_stops_the_agent_by_speaking(
    calling: Callable[..., AbstractAsyncContextManager[Any]], say: Callable[..., bytes]
) -> None:
    async def get_order_status(params: FunctionCallParams) -> None:
        await params.result_callback({"status": "on its way", "delivery": "tomorrow"})

    script, context = Script.order_status(), LLMContext()
    llm = ScriptedLLMService(script=script)
    llm.register_function("get_order_status", get_order_status)
    pair = LLMContextAggregatorPair(
        context,
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(),
            user_turn_strategies=UserTurnStrategies(
                stop=[SpeechTimeoutUserTurnStopStrategy(user_speech_timeout=0.4)]
            ),
        ),
    )
    stt = PocketSphinxSTTService(grammar=script.jsgf())
    silence = bytes(32_000)
    async with calling(
        [stt, pair.user(), llm, EspeakTTSService()], after_output=[pair.assistant()]
    ) as call:
        await call.worker.queue_frame(LLMRunFrame())
        await call.hear(silence * 4)
        await call.hear(say("my order number is four eight two one") + silence * 5)
        await call.hear(say("yes that is right") + silence * 8)
        await call.hear(say("what are your opening hours") + silence * 3)
        await call.hear(say("wait a moment please") + silence * 4)

    talk = [
        (message["role"], message.get("content"))
        for message in context.get_messages()
        if isinstance(message, dict) and message["role"] != "tool" and message.get("content")
    ]
    hours = next(intent.reply for intent in script.intents if intent.name == "opening_hours")
    cut_off = str(talk[6][1])
    assert hours.startswith(cut_off)
    assert len(cut_off) < len(hours)
    assert talk[:6] + talk[7:] == [
        ("assistant", script.greeting),
        ("user", "my order number is four eight two one"),
        ("assistant", "Order 4 8 2 1, is that right?"),
        ("user", "yes that is right"),
        ("assistant", "Your order 4 8 2 1 is on its way, and it should arrive tomorrow."),
        ("user", "what are your opening hours"),
        ("user", "wait a moment please"),
        ("assistant", "Okay."),
    ]


def test_importing_the_services_loads_no_native_library() -> None:
    program = (
        "import sys; import antiphon.services;"
        "sys.exit(bool({'ctranslate2', 'espeakng_loader', 'pocketsphinx'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("service", "module"),
    [(PocketSphinxSTTService, "pocketsphinx"), (EspeakTTSService, "espeakng_loader")],
)
def test_a_missing_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, service: Callable[[], object], module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(ImportError, match=r"pip install 'antiphon\[offline\]'"):
        service()
