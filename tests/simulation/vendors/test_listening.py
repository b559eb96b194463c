from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.simulation.lines.babble import silence_pcm, speech_pcm
from antiphon.simulation.vendors.listening import (
    FluxSession,
    NovaSession,
    ScriptedTranscriber,
)

LINE = "what are your opening hours"


def nova(**options: Any) -> NovaSession:
    transcriber = ScriptedTranscriber([LINE, "and on sunday"])
    return NovaSession(transcriber, model="nova-3", sample_rate_hz=16_000, **options)


def flux(**options: Any) -> FluxSession:
    transcriber = ScriptedTranscriber([LINE, "and on sunday"])
    return FluxSession(transcriber, sample_rate_hz=16_000, **options)


def said(messages: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    return [
        (m["channel"]["alternatives"][0]["transcript"], m["is_final"])
        for m in messages
        if m["type"] == "Results"
    ]


def events(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(m["event"], m["transcript"]) for m in messages]


UTTERANCE = silence_pcm(0.5) + speech_pcm(2.0) + silence_pcm(1.5)


def test_words_come_as_interim_results_and_the_line_is_final_after_silence() -> None:
    messages = nova(interim_results=True).hear(UTTERANCE)
    assert said(messages) == [
        ("what", False),
        ("what are", False),
        ("what are your", False),
        ("what are your opening", False),
        (LINE, False),
        (LINE, True),
    ]
    last = messages[-1]
    assert last["speech_final"]
    assert not last["from_finalize"]
    assert last["start"] == pytest.approx(0.5, abs=0.1)
    words = last["channel"]["alternatives"][0]["words"]
    assert [word["word"] for word in words] == LINE.split()
    assert words[-1]["end"] == pytest.approx(last["start"] + last["duration"], abs=0.01)


def test_without_interim_results_only_the_final_comes() -> None:
    assert said(nova().hear(UTTERANCE)) == [(LINE, True)]


def test_finalize_makes_what_is_being_said_final_at_once() -> None:
    session = nova()
    assert session.hear(silence_pcm(0.2) + speech_pcm(1.0)) == []
    (final,) = session.finalize()
    assert said([final]) == [(LINE, True)]
    assert final["from_finalize"]
    (empty,) = session.finalize()
    assert said([empty]) == [("", True)]
    assert empty["from_finalize"]


def test_vad_events_and_utterance_end_come_where_asked_for() -> None:
    messages = nova(vad_events=True, utterance_end_secs=1.0).hear(UTTERANCE)
    assert [m["type"] for m in messages] == ["SpeechStarted", "Results", "UtteranceEnd"]
    assert messages[0]["timestamp"] == pytest.approx(0.5, abs=0.1)
    assert messages[2]["last_word_end"] == pytest.approx(2.5, abs=0.1)


def test_close_gives_the_last_words_and_the_metadata() -> None:
    session = nova()
    session.hear(speech_pcm(1.0))
    results, metadata = session.close()
    assert said([results]) == [(LINE, True)]
    assert metadata["type"] == "Metadata"
    assert metadata["duration"] == pytest.approx(1.0)


def test_each_stretch_of_speech_is_one_line_and_then_nothing() -> None:
    finals = [text for text, final in said(nova().hear(UTTERANCE * 3)) if final]
    assert finals == [LINE, "and on sunday", ""]


SHORT = silence_pcm(0.2) + speech_pcm(0.8) + silence_pcm(0.6)


@settings(max_examples=40)
@given(cuts=st.lists(st.integers(1, 4_000), min_size=1, max_size=30))
def test_the_same_is_heard_however_the_audio_is_cut(cuts: list[int]) -> None:
    pcm = SHORT
    whole = nova(interim_results=True).hear(pcm)
    session = nova(interim_results=True)
    messages, start = [], 0
    for cut in cuts:
        messages += session.hear(pcm[start : start + 2 * cut])
        start += 2 * cut
    assert messages + session.hear(pcm[start:]) == whole


def test_flux_starts_updates_and_ends_a_turn_itself() -> None:
    messages = flux().hear(UTTERANCE)
    assert events(messages) == [
        ("StartOfTurn", "what"),
        ("Update", "what are"),
        ("Update", "what are your"),
        ("Update", "what are your opening"),
        ("Update", LINE),
        ("EndOfTurn", LINE),
    ]
    assert {m["turn_index"] for m in messages} == {0}
    assert messages[-1]["trigger"] == "model"
    assert messages[-1]["end_of_turn_confidence"] > messages[0]["end_of_turn_confidence"]


def test_flux_ends_early_and_resumes_when_the_caller_goes_on() -> None:
    pcm = speech_pcm(1.0) + silence_pcm(0.4) + speech_pcm(1.0) + silence_pcm(1.0)
    kinds = [event for event, _ in events(flux(eager=True).hear(pcm))]
    assert [kind for kind in kinds if kind != "Update"] == [
        "StartOfTurn",
        "EagerEndOfTurn",
        "TurnResumed",
        "EagerEndOfTurn",
        "EndOfTurn",
    ]


def test_flux_ends_a_turn_when_told_to() -> None:
    session = flux()
    assert session.force_end() == []
    session.hear(speech_pcm(1.0))
    (end,) = session.force_end()
    assert (end["event"], end["transcript"], end["trigger"]) == ("EndOfTurn", LINE, "manual")
    assert session.hear(silence_pcm(1.0)) == []


def test_each_stretch_of_speech_is_in_the_language_that_its_tag_tells() -> None:
    tags = ["en", "es"]
    heard = nova(tags=tags).hear(UTTERANCE * 3)
    told = [m["channel"]["alternatives"][0].get("languages") for m in heard]
    assert told == [["en"], ["es"], None]
    turns = [m["languages"] for m in flux(tags=tags).hear(UTTERANCE * 2) if "languages" in m]
    assert [tag for [tag] in dict.fromkeys(map(tuple, turns))] == tags
    assert "languages" not in str(nova().hear(UTTERANCE)) + str(flux().hear(UTTERANCE))
