"""Markdown, where links lead and emoji are not said, and the context keeps what was written."""

from typing import Any

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext

from antiphon.pipeline import TurnSettings, VoiceAgent
from antiphon.processors.sentences import SentenceSettings
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.transports import MemoryTransport

REPLY = (
    "1. *Tea* at [our shop](https://shop.example/tea?a=1) is **very good**. "
    "I like it a lot! 🎉 There is much more on [the long list of all the many shops that we "
    "have ever been to in town](https://shop.example/list_(long)), if you like. Bye."
)
SPOKEN = (
    "1. Tea at our shop is very good. I like it a lot! There is much more on the long list of all "
    "the many shops that we have ever been to in town, if you like. Bye."
)


@pytest.mark.virtual_time
@pytest.mark.parametrize("word_timestamps", [True, False])
@pytest.mark.parametrize("sentences", [SentenceSettings(), None], ids=["ours", "the voice's"])
async def test_the_voice_is_given_what_is_said_and_the_context_keeps_what_was_written(
    sentences: SentenceSettings | None, word_timestamps: bool
) -> None:
    asked: list[str] = []
    contexts: list[LLMContext] = []

    def answer(context: LLMContext) -> str:
        contexts.append(context)
        return REPLY

    def make_voice() -> Any:
        voice = FakeTTS(word_timestamps=word_timestamps)

        @voice.event_handler("on_tts_request")
        async def on_tts_request(_: Any, context_id: str, text: str) -> None:
            asked.append(text.strip())

        return voice

    transport = MemoryTransport()
    agent = VoiceAgent(
        stt=lambda: FakeSTT(script=["where is it"]),
        llm=lambda: FakeLLM(script=answer),
        tts=make_voice,
        sentences=sentences,
        turns=TurnSettings(silence_secs=0.4),
    )
    lines = [
        Say(text="where is it", after_secs=1.0),
        HangUp(after="step_done", after_secs=25.0),
    ]
    await simulate_call(Caller(transport, lines), agent.worker(transport))
    assert " ".join(asked) == SPOKEN
    messages: list[Any] = contexts[0].get_messages()
    said = [m["content"] for m in messages if m["role"] == "assistant"]
    assert said == [REPLY]
