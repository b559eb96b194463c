"""Names and addresses by the words themselves: whoever says them, however they are written."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]
NAME = "agent| what's your name?"


@pytest.mark.parametrize(
    ("turns", "names"),
    [
        ((NAME, "it's Priya Okafor"), ["Priya Okafor"]),
        ((NAME, "priya"), ["priya"]),
        ((NAME, "jean-luc moreau"), ["jean-luc moreau"]),
        ((NAME, "grace"), ["grace"]),
        (("hi this is dana mills calling about my bill",), ["dana mills"]),
        (("follow up with wojciech szczesny next week",), ["wojciech szczesny"]),
        (("my husband carlos gutierrez is on the account too",), ["carlos gutierrez"]),
        (("Please send it to Margaret Holloway, she pays.",), ["Margaret Holloway"]),
        (("the passengers are liam and noah fitzgerald",), ["liam", "noah fitzgerald"]),
        (("the appointment is with doctor patel at three",), ["patel"]),
        (("can i speak to oluwaseun adeyemi",), ["oluwaseun adeyemi"]),
        (("Siobhan O'Connell lives in Galway",), ["Siobhan O'Connell"]),
    ],
)
def test_a_name_is_found_without_being_introduced(
    found: Found, turns: tuple[str, ...], names: list[str]
) -> None:
    assert found(*turns) == [("PERSON", name) for name in names]


@pytest.mark.parametrize(
    ("turns", "address"),
    [
        (("pick me up at 350 fifth avenue",), "350 fifth avenue"),
        (("send it to PO Box 1188, Austin TX 78701",), "PO Box 1188, Austin TX 78701"),
        (("Kurfürstendamm 21, 10719 Berlin",), "Kurfürstendamm 21, 10719"),
        (("Ship to 8 Rue de Rivoli, Paris.",), "8 Rue de Rivoli"),
        (("it's two five five hersnapvej one eight",), "two five five hersnapvej one eight"),
        (("agent| what's your address?", "forty two wallaby way"), "forty two wallaby way"),
    ],
)
def test_an_address_is_found_abroad_and_without_a_word_before_it(
    found: Found, turns: tuple[str, ...], address: str
) -> None:
    assert found(*turns) == [("STREET_ADDRESS", address)]


@pytest.mark.parametrize("asked", ["", NAME, "agent| what's your address?"])
@pytest.mark.parametrize(
    "text",
    [
        "can i speak to a manager",
        "let me talk to someone in billing",
        "play something by taylor swift",
        "i want to watch a movie directed by greta larsson",
        "directions to washington",
        "what's the weather in san jose",
        "book a table at the olive garden",
        "two tickets at AMC Mercado 24 please",
        "is there a walgreens on main street",
        "i have a samsung galaxy",
        "i'm fine with that",
        "sounds good to me",
        "that works for me",
        "this is ridiculous",
        "i will mark it on my calendar in may",
        "why do you need my name",
        "it has 2 beds and 1 bath",
        "I'm flying from Paris, France to Las Vegas",
    ],
)
def test_what_is_asked_for_is_nobodys_name_or_address(found: Found, asked: str, text: str) -> None:
    assert found(*[turn for turn in (asked, text) if turn]) == []


@pytest.mark.parametrize(
    "text",
    [
        "the movies playing tonight are the rhythm section underwater gretel hensel and cats",
        "we have books including the long way emma lindqvist and the quiet earth",
        "agent| The films showing are Underwater, Carrie Whitlock and The Turning.",
        "The Quiet Place: Part Two, Doolittle, Frozen 2, and Spies in Disguise.",
    ],
)
def test_what_a_film_or_a_book_in_a_list_is_called_is_nobodys_name(found: Found, text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("the books are late so please call margaret holloway", "margaret holloway"),
        ("the books are with margaret holloway in billing", "margaret holloway"),
        ("the shows are all under the name dana mills", "dana mills"),
        ("The books are here. Please call Margaret Holloway.", "Margaret Holloway"),
        ("New York, Doolittle, and a Blue Cross plan", "Doolittle"),
    ],
)
def test_a_person_beside_a_list_of_titles_stays_one(found: Found, text: str, name: str) -> None:
    assert ("PERSON", name) in found(text)


def test_a_lone_word_that_nobody_asked_for_says_nothing(found: Found) -> None:
    assert found("mark") == []


def test_a_language_without_a_tagger_finds_what_is_introduced(found: Found) -> None:
    assert found("mein name ist Jo Doe", language="de") == [("PERSON", "Jo Doe")]
    assert found("der termin ist mit Jo Doe", language="de") == []
