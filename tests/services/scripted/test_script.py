import json
from pathlib import Path
from typing import Any

import pytest

from antiphon.services import Script
from antiphon.services.scripted.script import Answer, Intent, ToolCall

SCRIPT = Script(
    greeting="Hello.",
    intents=(
        Intent(
            name="status",
            phrases=("order {number:digits}",),
            tool="look_up",
            reply="Order {number} is {status}.",
        ),
        Intent(name="hours", phrases=("when are you open",), reply="From nine to five."),
        Intent(
            name="day",
            phrases=("open on {day:monday|sunday}",),
            reply="On {day} we are open.",
        ),
    ),
)

ASK_AGAIN = Answer(SCRIPT.fallback, understood=False)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def tool(result: object) -> list[dict[str, Any]]:
    return [
        {"role": "assistant", "tool_calls": [{"id": "1"}]},
        {"role": "tool", "tool_call_id": "1", "content": json.dumps(result)},
    ]


@pytest.mark.parametrize(
    ("messages", "response"),
    [
        ([], Answer("Hello.")),
        ([{"role": "system", "content": "You are kind."}], Answer("Hello.")),
        ([user("When are you open?")], Answer("From nine to five.")),
        ([user("Are you open on Sunday?")], Answer("On sunday we are open.")),
        ([user("I like pizza.")], ASK_AGAIN),
        ([user("[inaudible]")], ASK_AGAIN),
        ([user("order 4821 please")], ToolCall("look_up", {"number": "4821"})),
        (
            [user("order 4821"), *tool({"status": "on its way"})],
            Answer("Order 4 8 2 1 is on its way."),
        ),
        ([user("order 4821"), *tool({})], Answer(SCRIPT.tool_failed)),
        ([user("order 4821"), *tool("CANCELLED")], Answer(SCRIPT.tool_failed)),
        (
            [user("order 1"), *tool({"status": "lost"}), user("order 2")],
            ToolCall("look_up", {"number": "2"}),
        ),
        (
            [user("when are you open"), {"role": "developer", "content": "Nothing was heard."}],
            ASK_AGAIN,
        ),
        (
            [{"role": "user", "content": [{"type": "text", "text": "when are you open"}]}],
            Answer("From nine to five."),
        ),
        ([{"role": "user", "content": None}], ASK_AGAIN),
    ],
)
def test_the_conversation_so_far_decides_what_comes_next(
    messages: list[dict[str, Any]], response: Answer | ToolCall
) -> None:
    assert SCRIPT.respond(messages) == response


def test_a_tools_result_cannot_reach_into_objects() -> None:
    messages = [user("order 1"), *tool({"status": "{number.__class__} {0}"})]

    assert SCRIPT.respond(messages) == Answer("Order 1 is {number.__class__} {0}.")


@pytest.mark.parametrize("reply", ["{number.__class__}", "{number[0]}", "{0}", "{}", "{nobody}"])
def test_a_reply_that_cannot_be_filled_is_refused_when_the_script_is_made(reply: str) -> None:
    with pytest.raises(ValueError, match=r"which phrase 'order \{number:digits\}' does not have"):
        Intent(name="x", phrases=("order {number:digits}",), reply=reply)


GOOD = 'greeting = "Hi."\n[[intents]]\nname = "a"\nphrases = ["stop"]\nreply = "Okay."\n'


def test_a_script_is_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(GOOD)

    script = Script.load(path)

    assert script.respond([user("Stop!")]) == Answer("Okay.")
    assert script.fallback == "Sorry, could you say that again?"


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("greeting = ", "agent.toml"),
        ("", "agent.toml: greeting: Field required"),
        (GOOD + 'voice = "x"\n', r"agent.toml: intents.0.voice: Extra inputs"),
        (GOOD.replace('["stop"]', "[]"), "agent.toml: intents.0:.*at least one phrase or wording"),
        (GOOD.replace('"stop"', '"at 9"'), "'9' is neither a plain word nor a slot"),
        (GOOD.replace('"Okay."', '"{x}"'), "needs {x}"),
    ],
)
def test_a_broken_file_is_one_line_with_its_place(tmp_path: Path, toml: str, message: str) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(toml)

    with pytest.raises(ValueError, match=message):
        Script.load(path)


@pytest.mark.parametrize(
    ("said", "intent", "slots"),
    [
        ("What are your opening hours?", "opening_hours", {}),
        ("My order number is 48215.", "order_status", {"order_number": "48215"}),
        ("Where is my order?", "order_without_number", {}),
        ("Where is my order number one two?", "order_status", {"order_number": "12"}),
        ("where is my order 427", "order_status", {"order_number": "427"}),
        ("Can I pay by card for order 4217?", "pay_by_card", {}),
        ("Can you check my order, please? 90 215.", "order_status", {"order_number": "90215"}),
        ("DTMF: 7305#", "order_status", {"order_number": "7305"}),
        ("The card number is [CARD_1].", "card_number", {"card_number": "[CARD_1]"}),
        ("Stop, please.", "stop", {}),
        ("Thank you, goodbye.", "goodbye", {}),
    ],
)
def test_the_built_in_order_desk_understands(said: str, intent: str, slots: dict[str, str]) -> None:
    understood = Script.order_status().understand(said)

    assert understood is not None
    assert (understood[0].name, understood[1]) == (intent, slots)


def test_what_a_person_may_read_to_the_order_desk_is_what_it_understands() -> None:
    script = Script.order_status()

    found = [script.understand(example) for example in script.examples()]

    assert len(found) >= 4
    assert [intent and intent[0].example for intent in found] == script.examples()


def test_only_the_order_desks_goodbye_is_one() -> None:
    script = Script.order_status()

    answers = {example: script.respond([user(example)]) for example in script.examples()}

    assert [said for said, answer in answers.items() if getattr(answer, "goodbye", False)] == [
        "Thank you, goodbye."
    ]


def test_the_order_desk_never_repeats_a_card_number() -> None:
    answer = Script.order_status().respond([user("my card number is 4242 4242 4242 4242")])

    assert isinstance(answer, Answer)
    assert not any(character.isdigit() for character in answer.text)


def test_recogniser_and_agent_share_the_phrases() -> None:
    grammar = SCRIPT.jsgf()

    assert "order <digit>+" in grammar
    assert "when are you open" in grammar
    assert "open on (monday | sunday)" in grammar


def test_who_was_greeted_and_is_not_heard_is_not_greeted_again() -> None:
    assert SCRIPT.respond([]) == Answer("Hello.")
    assert SCRIPT.respond([{"role": "assistant", "content": "Hello."}]) == ASK_AGAIN
