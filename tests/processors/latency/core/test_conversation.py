"""How a conversation went is counted from its events, and no word of it is kept."""

import json
from pathlib import Path

import pytest
from pipecat.metrics.metrics import LLMTokenUsage, LLMUsageMetricsData

from antiphon.processors.latency import Prices
from antiphon.processors.latency.core.conversation import Conversation, asks_to_repeat, count_words
from antiphon.processors.latency.core.moments import Moment
from antiphon.processors.latency.core.prices import Usage
from antiphon.processors.latency.core.turn_latency import Service
from antiphon.processors.latency.frame_kinds import add_usage


def a_talk(*moments: tuple[Moment, float]) -> Conversation:
    talk = Conversation()
    for moment, at in moments:
        talk.see(moment, at=at)
    return talk


def test_silence_counts_as_dead_air_only_when_it_is_long() -> None:
    talk = a_talk(
        (Moment.CONNECTED, 0.0),
        (Moment.BOT_STARTED, 1.0),  # 1 s: a pause
        (Moment.BOT_STOPPED, 3.0),
        (Moment.TRANSCRIPT, 4.0),  # no sound
        (Moment.CALLER_STARTED, 8.0),  # 5 s: dead air
        (Moment.CALLER_STOPPED, 10.0),
    )
    measures = talk.measures(20.0)  # 10 s more, to the end
    assert measures.dead_air_secs == pytest.approx(15.0)
    assert measures.silence_ratio == pytest.approx(0.75)


def test_talking_at_the_same_time_is_no_silence() -> None:
    talk = a_talk(
        (Moment.BOT_STARTED, 0.0),
        (Moment.CALLER_STARTED, 1.0),
        (Moment.BOT_STOPPED, 2.0),
        (Moment.CALLER_STOPPED, 9.0),
    )
    assert talk.measures(11.0).dead_air_secs == 0.0


def test_rates_are_over_what_they_are_rates_of() -> None:
    talk = a_talk(*[(Moment.BOT_STARTED, 0.0), (Moment.BOT_STOPPED, 0.0)] * 4)
    talk.barge_in()
    talk.turn(empty=True)  # nothing was said after all
    talk.barge_in()
    talk.caller_said("Could you repeat that?")
    talk.turn(empty=False)
    talk.caller_said("Nine to five, thank you.")
    talk.turn(empty=False)
    measures = talk.measures(60.0)
    assert measures.interruption_rate == pytest.approx(2 / 4)
    assert measures.false_interruption_rate == pytest.approx(1 / 2)
    assert measures.repeat_request_rate == pytest.approx(1 / 2)
    assert measures.words_per_turn == pytest.approx(9 / 2)


def test_an_agent_that_is_said_to_speak_twice_speaks_once() -> None:
    talk = a_talk((Moment.BOT_STARTED, 0.0), (Moment.BOT_STARTED, 1.0), (Moment.BOT_STOPPED, 2.0))
    talk.agent_said("We are open.")
    measures = talk.measures(3.0)
    assert (measures.agent_utterances, measures.words_per_utterance) == (1, 3.0)


def test_a_sound_without_a_word_is_no_false_barge_in_where_nothing_was_cut_off() -> None:
    talk = Conversation()
    talk.turn(empty=True)
    talk.barge_in()
    talk.turn(empty=True)
    talk.turn(empty=True)
    assert (talk.measures(1.0).false_barge_ins, talk.measures(1.0).turns) == (1, 0)


def test_numbers_and_rates_are_told_to_four_digits_and_fit_for_json() -> None:
    talk = a_talk((Moment.CONNECTED, 0.0), (Moment.CALLER_STARTED, 1 / 3))
    for text in ("One.", "Two, three."):
        talk.caller_said(text)
    for _ in range(3):
        talk.turn(empty=False)
    told = json.loads(json.dumps(talk.measures(2 / 3, cost=({"openai": 0.5}, [])).to_dict()))
    assert (told["seconds"], told["words_per_turn"], told["silence_ratio"]) == (0.6667, 1.0, 0.0)
    assert (told["turns"], told["dollars"], told["interruption_rate"]) == (3, {"openai": 0.5}, None)


def test_a_call_of_nothing_has_no_rates() -> None:
    measures = Conversation().measures(0.0)
    assert (
        measures.interruption_rate,
        measures.false_interruption_rate,
        measures.silence_ratio,
        measures.repeat_request_rate,
        measures.words_per_turn,
        measures.words_per_utterance,
    ) == (None,) * 6


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("Sorry, what did you say?", True),
        ("Pardon?", True),
        ("Können Sie das wiederholen?", True),
        ("Je n’ai pas compris.", True),
        ("¿Puede repetir, por favor?", True),
        ("What are your opening hours?", False),
        ("I'm sorry to hear that.", False),
        ("I would like to repeat my order from Monday.", False),
        ("Sorry I'm late, my number is five.", False),
        ("", False),
    ],
)
def test_a_request_to_repeat_is_told_from_other_words(said: str, asked: bool) -> None:
    assert asks_to_repeat(said) is asked


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("We're open, nine to five.", 5),
        ("  ", 0),
        ("営業時間は", 5),
        ("e-mail 24/7", 3),
    ],
)
def test_words_are_counted_in_any_script(text: str, words: int) -> None:
    assert count_words(text) == words


TABLE = """
as_of = "2030-01-01"
[openai."gpt"]
million_input = 2.0
million_output = 8.0
[openai."gpt-mini"]
million_input = 1.0
million_cached_input = 0.5
million_output = 4.0
[deepgram.""]
audio_minute = 0.01
"""


def test_usage_times_prices_is_cost_and_what_has_no_price_is_named(tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text(TABLE)
    usage = Usage()
    usage.add("openai", "gpt-mini-2030", "million_input", 1.0)
    usage.add("openai", "gpt-mini-2030", "million_cached_input", 1.0)
    usage.add("openai", "gpt-max", "million_cached_input", 1.0)
    usage.add("deepgram", "nova", "audio_minute", 10.0)
    usage.add("cartesia", "sonic", "million_characters", 0.1)
    dollars, unpriced = usage.cost(Prices.load(table))
    assert dollars == {"openai": pytest.approx(1.0 + 0.5 + 2.0), "deepgram": pytest.approx(0.1)}
    assert unpriced == ["cartesia/sonic"]


def test_the_packaged_prices_load_and_are_dated() -> None:
    prices = Prices.load()
    assert len(prices.as_of) == 10
    assert prices.of("pocketsphinx", "", "audio_minute") == 0.0
    assert prices.of("nobody", "nothing", "audio_minute") is None


def test_a_price_in_a_unit_that_nothing_is_billed_in_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "prices.toml"
    table.write_text('[openai."gpt"]\nper_call = 1.0\n')
    with pytest.raises(ValueError, match="per_call"):
        Prices.load(table)


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        # New are 600 tokens of text and 1,000 of sound, not new 200 and 200.
        ("gpt-realtime-2.1", 600 * 4 + 1000 * 32 + 400 * 0.4 + 100 * 24 + 400 * 64),
        ("gpt-realtime-2025-08-28", 600 * 4 + 1000 * 32 + 400 * 0.4 + 100 * 16 + 400 * 64),
        ("gpt-realtime-2.1-mini", 600 * 0.6 + 1000 * 10 + 200 * 0.06 + 200 * 0.3 + 240 + 8000),
    ],
)
def test_tokens_of_sound_have_a_price_of_their_own(model: str, dollars: float) -> None:
    usage = Usage()
    tokens = LLMTokenUsage(
        prompt_tokens=2000,
        completion_tokens=500,
        total_tokens=2500,
        cache_read_input_tokens=400,
        input_audio_tokens=1200,
        output_audio_tokens=400,
        cache_read_input_audio_tokens=200,
    )
    metrics = LLMUsageMetricsData(processor="model", model=model, value=tokens)
    add_usage(metrics, {"model": Service(provider="openai")}, usage)
    assert usage.cost(Prices.load()) == ({"openai": pytest.approx(dollars / 1e6)}, [])


def test_sound_that_a_table_has_no_price_for_is_not_free() -> None:
    usage = Usage()
    tokens = LLMTokenUsage(
        prompt_tokens=100, completion_tokens=10, total_tokens=110, input_audio_tokens=90
    )
    metrics = LLMUsageMetricsData(processor="model", model="gpt-4o", value=tokens)
    add_usage(metrics, {"model": Service(provider="openai")}, usage)
    assert usage.cost(Prices.load())[1] == ["openai/gpt-4o"]
