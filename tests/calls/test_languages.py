"""A caller goes over to Spanish, and every part of the agent goes with them."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

from antiphon.pipeline import LatencySettings, TurnSettings, VoiceAgent
from antiphon.simulation.call import simulate_call
from antiphon.simulation.caller import Caller, HangUp, Say
from antiphon.simulation.fakes import FakeLLM, FakeSTT, FakeTTS
from antiphon.simulation.fakes.llm import ToolCall
from antiphon.transports import MemoryTransport

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(120)

CARD = (
    "el número de mi tarjeta es cuatro cinco tres nueve uno cuatro ocho ocho cero tres cuatro tres"
)
SPANISH = "quisiera saber dónde está mi pedido"


class Voice(FakeTTS):
    """Notes in which voice and language it says what."""

    def __init__(self) -> None:
        super().__init__(words_per_second=4.0)
        self.said: list[tuple[str, str, str]] = []

    async def run_tts(self, text: str, context_id: str) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        settings = self._settings
        self.said.append((str(settings.voice), str(settings.language), text))
        async for frame in super().run_tts(text, context_id):
            yield frame


async def make_call(
    script: list[str], *replies: Any, tags: Any = (), hold_secs: float = 4.0, **more: Any
) -> tuple[list[tuple[str, str, str]], list[list[str]]]:
    voice = Voice()
    read: list[list[str]] = []
    answers = iter(replies)

    def answer(context: LLMContext) -> Any:
        read.append([str(dict(m).get("content")) for m in context.messages])  # type: ignore[call-overload]
        return next(answers, "Sí, claro.")

    agent = VoiceAgent(
        greeting="Good morning.",
        stt=FakeSTT(script=script, tags=tags),
        llm=FakeLLM(script=answer),
        tts=voice,
        **{"turns": TurnSettings(silence_secs=0.4), **more},
    )
    transport = MemoryTransport()
    # Later than the filler, which sounds like an answer.
    lines = [Say(text=text, after_secs=4.0) for text in script]
    caller = Caller(transport, [*lines, HangUp(after_secs=hold_secs)])
    await simulate_call(caller, agent.worker(transport, enable_rtvi=False))
    return voice.said, read


async def slow(params: FunctionCallParams) -> None:
    """Look it up."""
    await asyncio.sleep(2)
    await params.result_callback({"status": "sent"})


SPOKEN = {"languages": ["en", "es"], "voices": {"en": "ann", "es": "lucia"}}


@pytest.mark.parametrize("tags", [["en", "es"], ["multi", ""], ["es", "en"]])
@pytest.mark.virtual_time
async def test_filler_voice_and_prompt_follow_within_the_turn_whatever_the_tags(tags: Any) -> None:
    said, read = await make_call(
        ["I would like to know where my order is", SPANISH],
        ToolCall(name="slow"),
        "It is on its way.",
        ToolCall(name="slow"),
        "Está en camino.",
        tags=tags,
        tools=[slow],
        **SPOKEN,
    )
    assert said == [
        ("babble", "None", "Good morning."),
        ("babble", "None", "One moment…"),
        ("babble", "None", "It is on its way."),
        ("lucia", "es", "Un momento…"),
        ("lucia", "es", "Está en camino."),
    ]
    assert read[0][0] == "The caller speaks English. Answer in English."
    asked = read[2].index(SPANISH)
    assert read[2][asked - 1] == "The caller speaks Spanish. Answer in Spanish."


@pytest.mark.virtual_time
async def test_a_caller_who_goes_back_has_the_first_voice_again() -> None:
    said, _ = await make_call(
        [SPANISH, "and where is my other order right now"], "Sí.", "On its way.", **SPOKEN
    )
    assert said[1:] == [("lucia", "es", "Sí."), ("ann", "en", "On its way.")]


@pytest.mark.virtual_time
async def test_a_silent_caller_is_asked_in_the_language_of_the_call() -> None:
    said, _ = await make_call(
        [SPANISH],
        "Sí.",
        hold_secs=22,
        turns=TurnSettings(silence_secs=0.4, reprompt_secs=8),
        **SPOKEN,
    )
    assert [text for *_, text in said[2:]] == ["¿Sigue ahí?", "¿Hola? ¿Sigue ahí?"]


@pytest.mark.virtual_time
async def test_words_of_ones_own_are_said_as_they_were_translated() -> None:
    said, _ = await make_call(
        [SPANISH],
        ToolCall(name="slow"),
        "Sí.",
        tools=[slow],
        latency=LatencySettings(fillers=["Just a second…"]),
        phrases={"es": {"Just a second…": "Un segundito…"}},
        languages=["en", "es"],
    )
    assert [text for *_, text in said[1:]] == ["Un segundito…", "Sí."]


@pytest.mark.virtual_time
async def test_without_languages_nothing_is_told_and_nothing_changes() -> None:
    said, read = await make_call([SPANISH], "Sí.")
    assert said == [("babble", "None", "Good morning."), ("babble", "None", "Sí.")]
    assert read == [["Good morning.", SPANISH]]


@pytest.mark.virtual_time
async def test_a_card_in_spanish_is_hidden_though_no_tag_says_that_it_is() -> None:
    _, read = await make_call(["I want to pay my bill", CARD], "Go on.", "Gracias.", **SPOKEN)
    assert "cuatro cinco tres nueve" not in str(read)


@pytest.mark.system
def test_a_call_that_goes_over_to_spanish_leaves_nothing_personal_in_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    example = import_module("two_languages")
    assert example.call(tmp_path).differences == []
    for file in ("transcript.jsonl", "report.html"):
        text = (tmp_path / file).read_text("utf-8")
        assert "¿Sigue ahí?" in text
        assert "cinco uno" not in text
