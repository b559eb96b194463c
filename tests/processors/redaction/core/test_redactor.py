"""One call's redactor: what was asked, what goes on over turns, and failing closed."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.processors.redaction import Policy, Redactor
from antiphon.processors.redaction.core.ask_model import load_ask_model
from antiphon.processors.redaction.core.entities import Entity
from antiphon.processors.redaction.core.view import View
from antiphon.processors.redaction.detectors import DETECTORS

LAST_FOUR = Policy.preset("pci")


def hidden(*turns: str, redactor: Redactor | None = None) -> list[str]:
    """What the caller's turns become; those of the agent begin with "agent| "."""
    redactor = redactor or Redactor()
    shown = []
    for turn in turns:
        role, _, text = turn.rpartition("| ")
        result = redactor.redact(text, role="agent" if role else "user")
        if not role:
            shown.append(result.text)
    return shown


def test_a_number_said_over_three_turns_is_hidden_in_each() -> None:
    assert hidden(
        "agent| can i get the sixteen digit number on the front of the card?",
        "sure it's four five three nine",
        "agent| mm hmm",
        "one",
        "agent| okay go ahead",
        "four double eight oh",
    ) == ["sure it's <CREDIT_CARD>", "<CREDIT_CARD>", "<CREDIT_CARD>"]


def test_a_number_announced_by_the_caller_is_hidden_in_the_next_turn() -> None:
    assert hidden("i want to pay with my visa", "okay four five three nine") == [
        "i want to pay with my visa",
        "okay <CREDIT_CARD>",
    ]


def test_a_number_that_broke_off_goes_on_in_the_next_turn() -> None:
    assert hidden("4539 1488 0344", "6467") == ["<PHONE_NUMBER>", "<PHONE_NUMBER>"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what's your order number?", "4419"),
        ("what's your tracking number?", "three three four eight nine one seven five oh two"),
        ("what room are you in?", "four one seven"),
        ("how many tickets would you like?", "three"),
        ("which model is it?", "x one thousand"),
        ("how old is the roof?", "twenty two years"),
    ],
)
def test_an_answer_to_a_harmless_question_stays(question: str, answer: str) -> None:
    assert hidden("agent| what's your card number?", f"agent| {question}", answer) == [answer]


def test_an_expectation_ends_after_some_turns_about_something_else() -> None:
    talk = ["i would rather talk about the weather today"] * 9

    assert hidden("agent| what's the cvv?", *talk, "make it one two three")[-1].endswith("three")


def test_once_given_only_digits_alone_still_belong_to_it() -> None:
    assert hidden(
        "agent| what is your pin?", "four eight two one", "a table for four at eight thirty please"
    ) == ["<PIN>", "a table for four at eight thirty please"]


def test_the_caller_may_offer_something_else_than_what_was_asked_for() -> None:
    redactor = Redactor()
    hidden(
        "agent| what's your account number?",
        "can i give you my phone number instead",
        redactor=redactor,
    )

    assert redactor.expecting[0] == "PHONE_NUMBER"


def test_the_application_may_say_what_is_expected_and_take_it_back() -> None:
    redactor = Redactor()
    redactor.expect("security_code")
    assert hidden("one two three", redactor=redactor) == ["<CVV>"]
    redactor.expect()
    assert hidden("one two three", redactor=redactor) == ["one two three"]


def test_expecting_an_unknown_type_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'shoe_size'.*CREDIT_CARD"):
        Redactor().expect("shoe_size")


def test_keys_that_answer_a_question_are_hidden_over_frames() -> None:
    assert hidden("agent| please enter your card number", "DTMF: 45391", "DTMF: 4#") == [
        "DTMF: <CREDIT_CARD>",
        "DTMF: <CREDIT_CARD>#",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "can we do ten thirty instead",
        "i called at 9:45 and again at 11:15",
        "the balance shows 12,345.67",
        "i need two hundred and fifty of those",
        "it weighs one hundred eighty two pounds",
        "showings at two thirty four ten and six fifteen pm",
        "give me a dozen no make it two dozen",
        "i'd like two tickets for the eight thirty",
        "the order is 3348917502",
        "one two three testing",
        "i'm in gate b twenty two",
        "back in nineteen ninety eight we moved here",
    ],
)
def test_ordinary_talk_with_numbers_stays(said: str) -> None:
    assert hidden(said) == [said]


def boom(view: View) -> Iterator[Entity]:
    """A detector that fails."""
    raise RuntimeError(view.text)


def test_a_failing_detector_masks_every_number_and_address_and_says_nothing_else() -> None:
    redactor = Redactor(detectors=(*DETECTORS, boom))

    result = redactor.redact("um two one nine is it, mail jo@example.org or jo at x dot com, 2 pm")

    assert result.failed == "RuntimeError"
    assert "nine" not in result.text
    assert "@" not in result.text
    assert " at x " not in result.text
    assert result.text.startswith("um <NUMBER>")
    assert redactor.failures == 1


@pytest.mark.parametrize(
    "found",
    [None, 5, [5], "abc", [(1, 2)], [Entity(-5, 999, "PERSON")], [Entity(5, 2, "PERSON")],
     [Entity(0, 2, "SHOE_SIZE")]],
)  # fmt: skip
def test_a_detector_that_finds_what_is_no_entity_fails(found: Any) -> None:
    redactor = Redactor(detectors=[lambda view: found])
    assert redactor.redact("my card is 4539 1488 0343 6467").text == "my card is <NUMBER>"
    assert redactor.failures == 1


def test_a_failing_detector_hides_even_what_the_policy_lets_pass() -> None:
    policy = Policy(default="pass")

    assert "0132" not in Redactor(policy, detectors=(boom,)).redact("call 415 555 0132").text


def test_detection_over_its_budget_fails_closed() -> None:
    now = iter(range(1000))
    redactor = Redactor(clock=lambda: float(next(now)))

    result = redactor.redact("my pin is 4 8 2 1")

    assert result.failed == "BudgetExceededError"
    assert "4 8" not in result.text


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        (None, "card <CREDIT_CARD> and <PHONE_NUMBER>"),
        (LAST_FOUR, "card <CREDIT_CARD 6467> and 415-555-0132"),
        (
            Policy(model={"CREDIT_CARD": "pass"}, default="redact"),
            "card 4539 1488 0343 6467 and <PHONE_NUMBER>",
        ),
    ],
)
def test_the_policy_decides_what_replaces_a_value(policy: Policy | None, shown: str) -> None:
    assert hidden("card 4539 1488 0343 6467 and 415-555-0132", redactor=Redactor(policy)) == [shown]


def test_the_last_four_are_shown_of_a_whole_card_only() -> None:
    redactor = Redactor(LAST_FOUR)

    shown = hidden(
        "agent| what's your card number?", "4539 1488", "0343", "6467", redactor=redactor
    )

    assert shown == ["<CREDIT_CARD>", "<CREDIT_CARD>", "<CREDIT_CARD 6467>"]


def test_a_security_code_said_right_after_the_card_is_never_the_last_four() -> None:
    redactor = Redactor(LAST_FOUR)

    assert "123" not in redactor.redact("my card is 4539 1488 0343 6467 123").text


def test_equal_values_have_equal_hashes_in_one_call_and_others_in_the_next() -> None:
    policy = Policy(default="hash")
    first, second = Redactor(policy), Redactor(policy)

    written, spoken = hidden(
        "call 415 555 0132", "call four one five five five five oh one three two", redactor=first
    )

    assert written == spoken
    assert hidden("call 415 555 0132", redactor=second) != [written]


def test_a_value_said_in_pieces_has_one_placeholder_and_comes_back_whole() -> None:
    redactor = Redactor(Policy.preset("gdpr"))

    shown = hidden("agent| what's your card number?", "4539 1488", "0343 6467", redactor=redactor)

    assert shown[0] == shown[1]
    assert redactor.vault.restore(shown[0], {"CREDIT_CARD"})[0] == "4539148803436467"


def test_nothing_shown_of_a_redactor_or_a_result_holds_content() -> None:
    redactor = Redactor(Policy.preset("gdpr"))
    result = redactor.redact("my card is 4539 1488 0343 6467")

    assert "4539" not in repr(redactor) + repr(redactor.vault) + repr(result.entities)


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match="'bot'"):
        Redactor().redact("hello", role="bot")


@given(st.text(max_size=300), st.sampled_from(["en", "es", "fr", "de"]))
def test_no_text_makes_detection_fail(text: str, language: str) -> None:
    result = Redactor(language=language, budget_secs=1e3).redact(text)

    assert result.failed == ""
    assert all(0 <= e.start < e.end <= len(text) for e in result.entities)


HOSTILE = """a |at |dots. |1.|1,|a:|four |double |twenty |hundred |b as in boy |a@|mike |um |
four no wait |a at b dot |born on may |my name is John |12 main |[|card |order 12 |'|1x|ab:|+|
1.2.3.4 |two thousand and |5-|Mr. |zip 1 |_|\N{FULLWIDTH DIGIT ONE}""".replace("\n", "").split("|")


@pytest.mark.parametrize("piece", HOSTILE)
def test_eight_times_the_text_costs_about_eight_times_as_much(piece: str) -> None:
    def cost(text: str) -> float:
        times = []
        for _ in range(3):
            began = time.process_time()
            Redactor(budget_secs=1e6).redact(text)
            times.append(time.process_time() - began)
        return min(times)

    small, large = cost(piece * 150), cost(piece * 1200)

    # A quadratic step shows as a factor of 64; the floor keeps noise out of tiny times.
    assert large < 24 * max(small, 2e-4)


@pytest.mark.parametrize(
    "greeting",
    [
        "Hello, this is the order desk. How can I help you?",
        "Good morning, this is Sam from the bank. What can I do for you?",
        "Thanks for holding. My name is Alex. Where would you like to start?",
        "Hello, this is the order desk. How —",
    ],
)
@pytest.mark.parametrize("asked", ["what are your opening hours", "i would like to pay by card"])
def test_an_agent_that_introduces_itself_has_not_asked_for_a_name(
    greeting: str, asked: str
) -> None:
    assert hidden(f"agent| {greeting}", asked) == [asked]


@pytest.mark.parametrize(
    "tag", ["<CREDIT_CARD>", "<CREDIT_CARD 6467>", "<US_SSN 5f2b81aabb12>", "<PHONE_2_456789>"]
)
def test_what_was_redacted_is_not_redacted_again(tag: str) -> None:
    assert Redactor().redact(f"card or phone {tag}, thanks").text == f"card or phone {tag}, thanks"


def test_no_tag_hides_a_whole_number_from_the_redactor() -> None:
    assert "4880343" not in Redactor().redact("<CREDIT_CARD 453914880343>").text


def test_one_look_gives_what_the_policy_hides_and_what_the_record_does() -> None:
    redactor = Redactor(Policy())
    found = redactor.redact("my name is Dana Okafor and my card is 4539 1488 0343 6467")
    assert found.text == "my name is Dana Okafor and my card is <CREDIT_CARD>"
    assert found.record == "my name is <PERSON> and my card is <CREDIT_CARD>"
    assert [entity.type for entity in found.entities] == ["CREDIT_CARD"]
    assert [entity.type for entity in found.found] == ["PERSON", "CREDIT_CARD"]


def test_what_a_turn_is_read_with_is_there_before_the_first() -> None:
    load_ask_model.cache_clear()
    redactor = Redactor()
    read = load_ask_model.cache_info().misses
    redactor.redact("What's your card number?", role="agent")
    assert load_ask_model.cache_info().misses == read == 1


def test_a_text_without_a_number_is_looked_at_for_what_has_none() -> None:
    redactor = Redactor()
    assert redactor.redact("my name is Priya Okafor").text == "my name is <PERSON>"
    redactor.redact("What's your password?", role="agent")
    assert redactor.redact("it's bluebird").text == "it's <PASSWORD>"
    assert redactor.redact("jo at example dot com").text == "<EMAIL_ADDRESS>"
