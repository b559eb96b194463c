from typing import Any

import pytest

from antiphon.simulation.vendors.realtime.conversation import Conversation, Item, Tokens
from antiphon.simulation.vendors.realtime.session import RequestError
from antiphon.simulation.vendors.voices import SpokenWord

# "one" to "four", half a second each.
WORDS = tuple(
    SpokenWord(text=word, start=i / 2, end=(i + 1) / 2)
    for i, word in enumerate(("one", "two", "three", "four"))
)


def message(item_id: str, role: str, text: str) -> Item:
    content = [{"type": "input_text", "text": text}]
    return Item(wire={"id": item_id, "type": "message", "role": role, "content": content})


def spoken(item_id: str, *, sent_secs: float = 2.0) -> Item:
    content = [{"type": "output_audio", "transcript": "one two three four"}]
    wire = {"id": item_id, "type": "message", "role": "assistant", "content": content}
    return Item(wire=wire, words=WORDS, audio_secs=sent_secs)


@pytest.mark.parametrize(
    ("at_ms", "believed"),
    [
        (0, ""),
        (240, ""),
        (250, "one"),
        (749, "one"),
        (750, "one two"),
        (1_999, "one two three four"),
        (2_000, "one two three four"),
    ],
)
def test_after_a_truncation_the_model_believes_the_words_of_which_half_was_heard(
    at_ms: int, believed: str
) -> None:
    conversation = Conversation()
    conversation.add(item := spoken("a"))
    conversation.truncate("a", 0, at_ms)
    assert item.believed == believed
    assert item.wire["content"][0]["transcript"] is None
    assert conversation.messages() == [{"role": "assistant", "content": believed}]


def test_of_a_response_under_way_the_model_believes_what_was_sent() -> None:
    assert spoken("a", sent_secs=1.1).believed == "one two"


@pytest.mark.parametrize(
    ("asked", "code", "says"),
    [
        (("b", 0, 100), "item_truncate_invalid_item_id", "'b' does not exist"),
        (("u", 0, 100), "invalid_value", "Only model output audio"),
        (("a", 1, 100), "invalid_value", "Content index 1"),
        (("a", 0, -1), "invalid_value", "-1"),
        (("a", 0, 1.5), "invalid_value", "1.5"),
        (("a", 0, 2_001), "invalid_value", "of 2000ms is already shorter than 2001ms"),
    ],
)
def test_a_truncation_that_cannot_be_is_refused(asked: Any, code: str, says: str) -> None:
    conversation = Conversation()
    conversation.add(message("u", "user", "hello"))
    conversation.add(item := spoken("a"))
    with pytest.raises(RequestError, match=says) as refused:
        conversation.truncate(*asked)
    assert refused.value.code == code
    assert item.believed == "one two three four"


def test_what_was_cut_is_not_longer_than_before() -> None:
    conversation = Conversation()
    conversation.add(spoken("a"))
    conversation.truncate("a", 0, 600)
    with pytest.raises(RequestError, match="of 600ms is already shorter than 700ms"):
        conversation.truncate("a", 0, 700)


def test_an_item_is_put_last_first_or_behind_another() -> None:
    conversation = Conversation()
    assert conversation.add(message("b", "user", "b")) is None
    assert conversation.add(message("d", "user", "d")) == "b"
    assert conversation.add(message("a", "user", "a"), "root") is None
    assert conversation.add(message("c", "user", "c"), "b") == "b"
    assert [item.id for item in conversation.items] == ["a", "b", "c", "d"]
    with pytest.raises(RequestError, match="'x' does not exist"):
        conversation.add(message("e", "user", "e"), "x")
    conversation.delete("b")
    assert [item.id for item in conversation.items] == ["a", "c", "d"]


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (None, "invalid_value"),
        ({"type": "item_reference"}, "invalid_value"),
        ({"type": "message", "role": "tool"}, "invalid_value"),
        ({"type": "message", "role": "user", "id": "a"}, "item_create_duplicate_item_id"),
        ({"type": "function_call_output", "call_id": "c", "output": "1"}, "invalid_tool_call_id"),
    ],
)
def test_an_item_that_cannot_be_is_refused(wire: Any, code: str) -> None:
    conversation = Conversation()
    conversation.add(spoken("a"))
    with pytest.raises(RequestError) as refused:
        conversation.check(wire)
    assert refused.value.code == code


def test_tokens_are_counted_by_time_for_audio_and_by_length_for_text() -> None:
    conversation = Conversation()
    conversation.add(message("s", "system", "x" * 40))
    user = {"id": "u", "type": "message", "role": "user", "content": []}
    conversation.add(Item(wire=user, audio_secs=1.5, text="not counted, for it is heard"))
    conversation.add(spoken("a"))
    assert conversation.tokens("y" * 8, []) == Tokens(text=12, audio=15 + 40)
    conversation.truncate("a", 0, 500)
    assert conversation.tokens("", []) == Tokens(text=10, audio=15 + 10)
