"""Which words are the agent's own, come back through the caller's phone."""

import pytest

from antiphon.processors.interruption.decision import Action, Decision, Utterance
from antiphon.processors.interruption.echo import ECHO, OwnWords, judge_echo, without_echo

SAID = "thank you for calling the garden shop wait times are short today do you want tea or coffee"


def judged(words: str, *, is_final: bool = True, asked: bool = False) -> str:
    """What is decided: "echo", "not yet", or the words that are left to be decided about."""
    utterance = Utterance(
        words=words, is_final=is_final, agent_asked=asked, own_words=tuple(SAID.split())
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


def test_only_what_sounded_of_late_can_echo() -> None:
    own = OwnWords()
    own.sounded("We open", 1.0)
    own.sounded("at nine.", 2.0)
    assert own.since(1.5) == ("at", "nine")
    assert own.since(0.0) == ("we", "open", "at", "nine")
    assert without_echo(["we", "open"], own.since(1.5)) == ["we", "open"]
