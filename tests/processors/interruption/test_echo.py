"""Which words are the agent's own, come back through the caller's phone."""

import numpy as np
import pytest

from antiphon.processors.interruption.decision import Action, Decision, Utterance
from antiphon.processors.interruption.echo import ECHO, OwnWords, judge_echo, without_echo
from antiphon.processors.interruption.voice_level import VoiceLevel
from antiphon.processors.interruption.wordless import WordlessVoices

SAID = "thank you for calling the garden shop wait times are short today do you want tea or coffee"


def judged(
    words: str,
    *,
    is_final: bool = True,
    asked: bool = False,
    said: str = SAID,
    before_secs: float = 1.0,
) -> str:
    """What is decided: "echo", "not yet", or the words that are left to be decided about.

    The last word sounded so long before the caller's onset, and the others each 0.3 s sooner.
    """
    own = said.split()
    times = [(place + 1 - len(own)) * 0.3 - before_secs for place in range(len(own))]
    utterance = Utterance(
        words=words,
        is_final=is_final,
        agent_asked=asked,
        own_words=tuple(zip(own, times, strict=True)),
    )
    match judge_echo(utterance):
        case Decision(action=Action.IGNORE, reason="echo"):
            return ECHO
        case Decision(action=Action.WAIT, reason="echo"):
            return "not yet"
        case Utterance(words=str(left)):
            return left
        case Utterance(words=left):
            return " ".join(left)
        case other:
            raise AssertionError(other)


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("Thank you for calling the garden shop.", ECHO),
        ("the garden shop wait times", ECHO),
        ("thank you for coughing the garden shop wait times", ECHO),  # one word misheard
        ("today", ECHO),
        # A caller who speaks over it
        ("the garden shop wait stop please", "stop please"),
        ("for calling the garden shop I want to cancel", "i want to cancel"),
        ("times are short no stop", "no stop"),
        # A caller alone, some of whose words were the agent's
        ("do you have tea for my garden", "do you have tea for my garden"),
        ("wait", "wait"),
        ("not today", "not today"),
        ("", ""),
    ],
)
def test_an_echo_is_told_from_a_caller(words: str, left: str) -> None:
    assert judged(words) == left


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("wait", "not yet"),  # wait times are short
        ("wait times are sho", "not yet"),
        ("do you want tea", "not yet"),
        ("wait times stop", "stop"),
        ("stop", "stop"),
    ],
)
def test_what_may_become_an_echo_waits_for_its_end(words: str, left: str) -> None:
    assert judged(words, is_final=False) == left


def test_a_short_answer_may_repeat_the_question() -> None:
    assert judged("coffee", asked=True) == "coffee"
    assert judged("tea or coffee", asked=True) == "tea or coffee"
    assert judged("do you want tea or coffee", asked=True) == ECHO


@pytest.mark.parametrize(
    ("words", "asked"), [("anything else", True), ("hello", False), ("anything", True)]
)
def test_the_first_words_of_an_echo_are_no_answer_and_no_command(words: str, asked: bool) -> None:
    for before_secs in (0.2, -0.3):
        said = "hello" if words == "hello" else "anything else"
        assert judged(words, asked=asked, said=said, before_secs=before_secs) == ECHO


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("I have <PHONE_NUMBER>.", ECHO),
        ("I have * * *", ECHO),
        ("it is <PHONE_NUMBER>", "it is <PHONE_NUMBER>"),
    ],
)
def test_words_that_a_redactor_took_out_are_nobodys(words: str, left: str) -> None:
    assert judged(words, said="i have five five five") == left


def test_only_a_voice_above_the_echo_silences_the_agent_before_its_words() -> None:
    level = VoiceLevel()
    voices = WordlessVoices(level, limit_secs=0.8)

    def hear(loudness: int) -> None:
        level.begin()
        level.hear(np.full(320, loudness, "<i2").tobytes(), 0.0)

    hear(150)
    assert voices.may_hold(asked=False)
    voices.echoed()
    hear(200)
    assert not voices.may_hold(asked=False)
    assert not voices.may_hold(asked=True)
    hear(1500)
    assert voices.may_hold(asked=False)


def test_only_what_sounded_of_late_can_echo() -> None:
    own = OwnWords()
    own.sounded("We open", 1.0)
    own.sounded("at nine.", 2.0)
    assert own.around(3.5) == (("at", -1.5), ("nine", -1.5))
    assert own.around(1.5) == (("we", -0.5), ("open", -0.5), ("at", 0.5), ("nine", 0.5))
    assert without_echo(["we", "open"], ["at", "nine"]) == ["we", "open"]
