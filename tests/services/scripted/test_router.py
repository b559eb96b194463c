"""Intents are found by their likeness to examples, and what is like none is left alone."""

import dataclasses

import pytest

from antiphon.services import IntentRouter

EXAMPLES = {
    "balance": [
        "what is my balance",
        "how much money do I have",
        "how much is in my account",
        "tell me my account balance",
        "check my balance please",
        "what's left in my checking account",
        "do I have any money left",
        "can you check how much I have in savings",
    ],
    "transfer": [
        "transfer money to my savings",
        "send a hundred dollars to anna",
        "move fifty euros to my other account",
        "I want to make a transfer",
        "can you send money to my brother",
        "wire 200 dollars to my landlord",
        "I'd like to transfer some money",
        "put twenty into savings",
    ],
}
ROUTER = IntentRouter(examples=EXAMPLES)


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        ("How much money have I got in my account?", "balance"),
        ("Could you check my balance?", "balance"),
        ("Please transfer 300 dollars to my savings.", "transfer"),
        ("I want to send money to Peter.", "transfer"),
    ],
)
def test_other_words_than_the_examples_are_understood(said: str, intent: str) -> None:
    route = ROUTER.route(said)

    assert (route.intent, route.sure, route.alternatives) == (intent, True, ())
    assert 0.5 < route.confidence <= 1


@pytest.mark.parametrize(
    "said",
    [
        "",
        "...",
        "[inaudible]",
        "What's the weather like?",
        "Tell me a joke.",
        "Zxcvb qwerty.",
        "日本語",
    ],
)
def test_what_no_example_is_like_has_no_intent_and_is_not_worth_asking_about(said: str) -> None:
    route = ROUTER.route(said)

    assert (route.intent, route.sure, route.alternatives) == (None, False, ())


def test_what_is_not_sure_comes_with_what_it_may_be() -> None:
    route = ROUTER.route("do something with my money")

    assert route.intent is None
    assert not route.sure
    names = [name for name, _ in route.alternatives]
    assert names
    assert {*names} <= {*EXAMPLES}
    assert next(chance for _, chance in route.alternatives) == route.confidence


def test_what_one_names_out_of_scope_is() -> None:
    said = "what is the balance of power in europe"
    assert ROUTER.route(said).alternatives or ROUTER.route(said).sure

    router = IntentRouter(
        examples=EXAMPLES,
        out_of_scope=[
            "the balance of power",
            "who holds power in europe",
            "what is a balance sheet",
        ],
    )

    assert not router.route(said).sure


def test_the_same_examples_make_the_same_router() -> None:
    again = IntentRouter(examples={name: iter(said) for name, said in EXAMPLES.items()})

    assert again.route("check how much I have") == ROUTER.route("check how much I have")
    assert again.intents == ("balance", "transfer")


def test_a_single_intent_is_told_from_everything_else() -> None:
    router = IntentRouter(examples={"balance": EXAMPLES["balance"]})

    assert router.route("what is my balance").intent == "balance"
    assert router.route("how is the weather").intent is None


def test_a_long_text_costs_no_more_than_its_beginning() -> None:
    said = "what is my balance "

    assert ROUTER.route(said * 1_000) == ROUTER.route(said * 100)


def test_a_route_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ROUTER.route("hello").intent = "balance"  # type: ignore[misc]


def test_who_wants_to_be_surer_is_asked_more() -> None:
    said = "How much money have I got in my account?"
    careful = IntentRouter(examples=EXAMPLES, sure_from=1.0).route(said)

    assert not careful.sure
    assert careful.alternatives[0] == ("balance", ROUTER.route(said).confidence)


@pytest.mark.parametrize("bad", [0.0, 1.5])
def test_a_confidence_that_is_none_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match=f"sure_from={bad}"):
        IntentRouter(examples=EXAMPLES, sure_from=bad)


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ({}, "each intent needs an example"),
        ({"a": ["b"], "c": []}, "each intent needs an example"),
        ({"a": ["b"] * 4_001}, "more than 4000"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(
    examples: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        IntentRouter(examples=examples)
