"""What the text model looks at, and how its weights are added up."""

import pytest

from antiphon.processors.interruption.lexicon import lexicon, normalize
from antiphon.processors.interruption.model import LinearModel, features, turn_model


def found(said: str, agent_text: str = "") -> set[str]:
    return set(features(lexicon("en").cut(normalize(said)), agent_text))


@pytest.mark.parametrize(
    ("said", "holds", "fails"),
    [
        ("um yeah", {"soft", "n=2", "x=0", "shape=FB", "first=F", "last=B"}, {"cut"}),
        ("stop", {"n=1", "shape=K", "w0=stop", "b=^ stop", "b=stop $"}, {"soft"}),
        ("blue car", {"x=2", "nx=2,2", "echo=0,2"}, {"soft", "cut"}),
        ("the blue c-", {"cut"}, set()),
        ("red green blue pink", {"shape=XXXX", "w1=green", "w=blue"}, {"w2=blue", "w0=green"}),
        ("red green blue pink grey", {"shape=XXXX+", "open=XX", "close=XX"}, {"shape=XXXX"}),
    ],
)
def test_kinds_and_words_are_looked_at(said: str, holds: set[str], fails: set[str]) -> None:
    assert holds <= found(said)
    assert not fails & found(said)


@pytest.mark.parametrize(
    ("agent_text", "echo"),
    [
        ("The blue car.", "echo=2,2"),
        ("The blue one.", "echo=1,2"),
        ("The red one.", "echo=0,2"),
        ("The blue car." + " More of it." * 20, "echo=0,2"),
    ],
)
def test_words_that_the_agent_has_just_said_are_an_echo(agent_text: str, echo: str) -> None:
    assert echo in found("blue car", agent_text)


@pytest.mark.parametrize(
    ("is_final", "names", "probability"),
    [
        (False, [], 0.5),
        (False, ["n=1"], 0.731),
        (True, [], 0.269),
        (True, ["n=1", "n=2"], 0.881),
        (True, ["unknown"], 0.269),
        (True, ["never"], 0.0),
    ],
)
def test_weights_add_up_to_a_probability(
    is_final: bool, names: list[str], probability: float
) -> None:
    model = LinearModel(
        early={"n=1": 1.0}, final={"": -1.0, "n=1": 1.0, "n=2": 2.0, "never": -1000.0}
    )
    assert model.probability(names, is_final=is_final) == pytest.approx(probability, abs=0.001)


def test_the_model_that_comes_with_the_package_tells_a_demand_from_a_comment() -> None:
    demand, comment = (
        turn_model().probability(list(found(said)), is_final=True)
        for said in ("how much is that", "oh that is nice")
    )
    assert comment < 0.5 < demand
