"""Where a sentence ends, and with which letter that is certain, as text comes letter by letter."""

import pytest

from antiphon.processors.sentences import SentenceSettings
from antiphon.processors.sentences.scanner import SentenceScanner

WHOLE = SentenceSettings(first_clause=False)

# A bar stands where the scanner cuts, a caret behind the letter with which it gives a chunk back.
ENGLISH = [
    # One letter is enough, two where the first may be a name's or an initial's.
    "Stop!| T^hen run?| y^es.",
    "Did he?| h^e did.",
    "(Really?) yes.",
    "Go! now.",
    "Go (now).| T^hen stop.",
    "He said (Wait.)| T^hen left.",
    "YOU AND I.| Then",
    'It is a 12"x4 panel.| T^hen go.',
    'We use 12"x4 panels (or "so. Called" ones) now.| T^hen go.',
    "Take plan b.| T^hen go.",
    "Grade A.| T^hen B. Plan c.| T^hen",
    "J. The end",
    "It is 5 h.| T^hen we go.",
    "It is 5 lb. 3 oz. now.| I^t is 5 lb.| T^hen",
    "He ran 3.| 4 w^ere left.",
    "See fig. 3 there.",
    "Go to Rd. 5.",
    "Ask me — I know.| A^sk: I know.",
    "Ask the (Dr. Lee) man.| O^k",
    "the U.S.A. is big.| T^he U.S.A.| Today",
    "Yahoo!| Then ^we left.| Y^ahoo! Finance",
    # Lower case goes on, unless the writer writes no capitals.
    "Hi. and then it stopped.",
    "hello.| eB^ay is up.| and^ so on.",
    "iPhone is new. it sells.",
    # Ellipses
    "What I mean... I would go.",
    "Hm… I see.| W^ell… we go. so… it is",
    "A . . .| B^. C ...| D^",
    "1. . .| 2^",
    # Joined
    "you like it.|Your ^order is in.",
    "ok.|Mr. ^Lee",
    "see a@b.Your now",
    "Mr.Smith left.",
    "foo/Dr. Lee",
    "abc.|中^文",
    # An opening mark proves an end, but not behind an abbreviation or an ellipsis.
    "Good.| “^Yes.”| H^e left.",
    "Stop!| “^Yes” he said.",
    "Wait…| “Y^es” he said.",
    "Plan B.| “Y^es” he said.",
    'He asked "why."| T^hen "who?" he said.| D^one.',
    # References, markup, emoji
    "A [1].| B^ [x].| C^",
    "Fact.[12]| M^ore",
    "Fact.[1",
    "Fine.</b>| M^ore",
    "Fine.|<b> M^ore",
    "Done. 🎉 🎉| M^ore",
    "Done 🎉.| M^ore",
    "Done.🎉 more",
    "Done. 🎉",
    # Quotes and code close behind the mark, what is stray does not.
    "He left.|\n\na^nd so on",
    "He left.\nand so on",
    "we like it.Your/x now",
    "we like it.Your_x now",
    "we like it.Your@x now",
    "we like it.Your(x now",
    "we like it.your x now",
    "we like it..Your x now",
    "Go `now.`| T^hen stop.",
    "Go *now.*| T^hen stop.",
    "Go 'now.'| T^hen stop.",
    'Go "now."then stop.',
    "Go now.'s it",
    "Go [now.]| T^hen",
    "Is it (?) or not.| T^hen",
    "Is it (.) or not.| T^hen",
    "We met … … we left.| S^o",
    "No . . .now.| T^hen",
    "One.[1234] Two",
    "One.</i Two",
    # Lists
    "I got it| • T^hanks",
    "Buy:• milk• bread",
    "Options (1) red.| (^2) blue.",
    "It has (a) a lid (b) a cup.",
    "Pick one:| 1. T^ea| 2. M^ilk",
    "a) Tea| b) M^ilk| c) J^uice",
    "i. Tea| ii. M^ilk| iii. J^uice",
    "a. Tea| b. m^ilk",
    "1. tea 2. milk",
    "1. Call me.| 2^ of us wait.",
    # Lines
    "First line|\n\nse^cond line",
    "Total|\n...\nFi^ne",
    "one, two,\nThree",
    "what is\nit",
    "Buy|\n- mi^lk|\n- eg^gs",
    # Who joins, who does not
    "OK.|Then ^we go.",
    "see v2.Foo now",
    "see a.Foo now",
    "we go.*Now it* is.",
    "we go.'Now it is.",
    'we go."Now it" is.',
    'He said "we go."|Then ^all left.',
    "(we go. )|Then ^all left.",
    # What only looks like an end or like a quote
    "He said [...] Paris is big.",
    "It is in May (?) I think.",
    "It is so.[see the note at the end of this page, please] We left.| T^hen",
    "We have 3 < 4.| T^hen go.",
    "It is 2*3.| T^hen go.",
    'It is 5" long.| T^hen stop.',
    "We go” now.| T^hen stop.",
    "He said “the «old. House» is up” now.| T^hen",
    "so it is.   !| T^hen",
    "so it is.|    ! T^hen",
    # Initials, units, times
    "Ask x. Paul knows.",
    "we met J. Paul now.",
    "We met J.| A",
    "Ask J.| I'm ^here",
    "only you and I.| P^aul left.",
    "He is a Dr .| L^ee is not.",
    "Give it in lb. 3 of us.",
    "We sell by the lb.| T^hen we go.",
    "Come at 6 p.m.| 5^ of us will.",
    "It is 6 p.m.| Donaudampfschifffahrtsgesellsch^aften",
    # A ruled line
    f"First\n{'-' * 70}|\nSe^cond one",
    f"First.\n{'-' * 70}|\nSe^cond one",
    "I got it •",
]

OTHERS = [
    ("de", "Am 3. 4. kommt er.| D^ann geht er."),
    ("de", "Es waren 3.| 4 k^amen."),
    ("el", "τι κάνεις;| κ^αλά."),
    ("he", "זה א. כהן בא."),
    ("hy", "Բարև։|լ^ավ եմ։"),
    ("it", "l'auto dell'Ing. Rossi è qui."),
    ("ja", "No.５です。^"),
    ("zh", "第3.章在这里"),
    ("de", "Der 2. Test war gut.| E^r hat 12.| Alles ^gut."),
    ("de", "Er wohnt im 3. Stock.| G^ut."),
    ("de", "Am 3. 4. kommt er."),
    ("de", "Es war 1987.| D^ann kam er."),
    ("de", "Er sagte: »Halt.«| D^ann ging er."),
    ("fr", "Il dit : « Oui. »| P^uis non."),
    ("fr", "Non ... !| O^ui"),
    ("it", "It is Mary’s.| T^hen l'Ing. Rossi."),
    ("ru", "Louis XIV.| E^r"),
    ("ru", "XIX в.| О^н"),
    ("zh", "好……|好^"),
]


def told(text: str, language: str, rules: SentenceSettings) -> tuple[list[str], list[int]]:
    """The chunks, and behind how many letters some were given back."""
    scanner = SentenceScanner(language, settings=rules)
    chunks: list[str] = []
    moments = []
    for count, letter in enumerate(text, start=1):
        if given := scanner.feed(letter):
            chunks += given
            moments.append(count)
    return chunks + scanner.flush(), moments


def expected(marked: str) -> tuple[list[str], list[int]]:
    moments, before = [], 0
    for part in marked.replace("|", "").split("^")[:-1]:
        before += len(part)
        moments.append(before)
    return marked.replace("^", "").split("|"), moments


@pytest.mark.parametrize("marked", ENGLISH)
def test_a_sentence_is_given_back_with_the_letter_that_proves_its_end(marked: str) -> None:
    assert told(marked.replace("|", "").replace("^", ""), "en", WHOLE) == expected(marked)


@pytest.mark.parametrize(("language", "marked"), OTHERS)
def test_proof_in_another_language(language: str, marked: str) -> None:
    assert told(marked.replace("|", "").replace("^", ""), language, WHOLE) == expected(marked)


@pytest.mark.parametrize(
    "marked",
    [
        "Please wait a while,| t^hen we go, and so on.",
        "Yes, sir, then we go on to the end of it.",
        "It costs about 1,500 dollars,| a^nd tax.",
        "Ask him (or her, or them, please) about it.",
        "He said “well then, why not, my friend” to me.",
        "The train is at platform 12,| a^nd we go.",
        "It will take a good while longer,",
    ],
)
def test_a_clause_is_given_back_with_the_next_word(marked: str) -> None:
    text = marked.replace("|", "").replace("^", "")
    assert told(text, "en", SentenceSettings()) == expected(marked)


@pytest.mark.parametrize(
    ("text", "language", "at_once"),
    [
        ("We will be there soon.", "en", True),
        ("We will see Maria.", "en", False),
        ("be there.", "en", False),
        ("it is up.", "en", False),
        ("Stop!", "en", True),
        ("please hurry up!", "en", True),
        ("Call Yahoo!", "en", False),
        ("Is it so?", "en", True),
        ("He said “we will be there soon.", "en", False),
        ("We will (perhaps be there soon.", "en", False),
        ("We will be there soon...", "en", False),
        ("ठीक है।", "hi", True),
        ("Բարև։", "hy", True),
        ("We will be there soon", "en", False),
        # Names of files and hosts may go on.
        ("Please visit our site at example.", "en", False),
        ("Please open the file settings.", "en", False),
        ("Bitte öffnen Sie die Datei bericht.", "de", False),
        ("Your code is seven. seven.", "en", False),
    ],
)
def test_an_eager_scanner_waits_only_where_an_end_is_unsure(
    text: str, language: str, at_once: bool
) -> None:
    eager = SentenceSettings(mode="eager", first_clause=False)
    assert SentenceScanner(language, settings=eager).feed(text) == ([text] if at_once else [])


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Your seat is in row 12 and", "Your seat is in row 12"),
        ("Your seat is row 12 ", "Your seat is row"),
        ("Call 555 0199", "Call"),
        ("Ask Dr. Lee", "Ask"),
        ("It is over. and", "It is over."),
        ("It is grade B.", "It is grade B."),
        ("It is J.", "It is"),
    ],
)
def test_a_stall_never_splits_a_number_or_a_name(text: str, spoken: str) -> None:
    scanner = SentenceScanner("en", settings=WHOLE)
    assert scanner.feed(text) == []
    assert scanner.flush_clause() == [spoken]
    assert scanner.pending == text[len(spoken) :]


@pytest.mark.parametrize("opener", ["(", "“"])
def test_a_bracket_that_nobody_closes_is_forgotten_after_a_hundred_letters(opener: str) -> None:
    for length, cuts in ((99, False), (100, True)):
        aside = ("word " * 40)[: length - 1] + "x"
        scanner = SentenceScanner("en", settings=WHOLE)
        assert bool(scanner.feed(f"Go {opener}{aside}. Then it")) == cuts


def test_what_waits_while_audio_is_queued_is_shorter_than_the_least() -> None:
    least = WHOLE.min_chars
    for text, chunks in (
        ("x" * (least - 2) + ".", []),
        ("x" * (least - 1) + ".", ["x" * (least - 1) + "."]),
    ):
        scanner = SentenceScanner("en", settings=WHOLE)
        scanner.audio_queued = True
        assert scanner.feed(f"{text} A") == chunks


def test_a_new_reply_is_judged_by_its_own_first_letter() -> None:
    scanner = SentenceScanner("en", settings=WHOLE)
    assert scanner.feed("hello there. so it") == ["hello there."]
    scanner.flush()
    assert scanner.feed("Hello there. so it") == []


@pytest.mark.parametrize(("behind", "most"), [(".", 63), (")", 64), (" 🎉", 32)])
def test_a_row_of_marks_longer_than_anyone_means_ends_nothing(behind: str, most: int) -> None:
    for count, ends in ((most, True), (most + 1, False)):
        scanner = SentenceScanner("en", settings=WHOLE)
        text = f"Go on.{behind * count}"
        assert scanner.feed(f"{text} Next one.") == ([text] if ends else [])
