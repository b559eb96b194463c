"""How much in a text speaks for which language, by its script and its small words.

Small words, because names and loan words are none: "I fell in love with Las Palmas de Gran Canaria"
stays English however much Spanish is in it. A constant cost a word; nothing is learnt or loaded but
one list for each language of Latin script.
"""

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

__all__ = ["MOST_CHARS", "OF_SCRIPT", "Evidence", "evidence_of", "listed_languages"]

# Longer texts tell no more.
MOST_CHARS = 2000

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*'?")

# By the last code point of a block, its first and the language that is most often written in it.
SCRIPTS = (
    (0x0370, 0x03FF, "el"),
    (0x0400, 0x052F, "ru"),
    (0x0530, 0x058F, "hy"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x077F, "ar"),
    (0x0900, 0x097F, "hi"),
    (0x0980, 0x09FF, "bn"),
    (0x0A00, 0x0A7F, "pa"),
    (0x0A80, 0x0AFF, "gu"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"),
    (0x0C80, 0x0CFF, "kn"),
    (0x0D00, 0x0D7F, "ml"),
    (0x0E00, 0x0E7F, "th"),
    (0x10A0, 0x10FF, "ka"),
    (0x1100, 0x11FF, "ko"),
    (0x3040, 0x30FF, "ja"),
    (0x31F0, 0x31FF, "ja"),
    (0x3400, 0x9FFF, "zh"),
    (0xAC00, 0xD7AF, "ko"),
    (0xFF66, 0xFF9F, "ja"),
    (0x20000, 0x3134F, "zh"),
)

# The other languages of a script, of which some have letters of their own.
OF_SCRIPT = {
    "ru": {"be": "ў", "bg": "", "kk": "әғқңөұү", "mk": "ѓќѕ", "sr": "ђћ", "uk": "іїєґ"},
    "ar": {"fa": "پچژگ", "ps": "ټډړ", "ur": "ٹڈڑںے"},
    "hi": {"mr": "ळ", "ne": ""},
}

# Written without spaces: so many letters count as a word.
LETTERS_A_WORD = {"ja": 2.0, "zh": 1.5, "th": 4.0}

# The weight of a word that three languages have.
LEAST_TELLING = 0.2

# The letters of one language among those that have a list.
OWN_LETTERS = {"ñ": "es", "¿": "es", "¡": "es", "ã": "pt", "õ": "pt", "ß": "de", "œ": "fr"}


class Evidence(NamedTuple):
    """What a text tells of its language.

    Parameters:
        words: How many words it has, digits aside.
        score: By language, how many of them speak for it; one that several have counts for less.
        known: By language, how many it has, each once.
        telling: Of these, those that hardly another language has, and no title is made of.
    """

    words: float
    score: Mapping[str, float]
    known: Mapping[str, float]
    telling: Mapping[str, float]


def evidence_of(text: str, among: frozenset[str] = frozenset()) -> Evidence:
    """Count what speaks for each language.

    Args:
        text: What somebody said.
        among: Of which languages it is one, if that is known: a word that another has, too, then
            counts in full.
    """
    words = 0.0
    score: dict[str, float] = defaultdict(float)
    known: dict[str, float] = defaultdict(float)
    telling: dict[str, float] = defaultdict(float)
    weights, seen = _weights(among or listed_languages()), {""}
    text = text[:MOST_CHARS].replace("’", "'").casefold()
    for word in WORD.findall(text):
        languages = Counter(language for char in word if (language := _by_script(char)))
        if languages:
            language = "ja" if languages["ja"] else languages.most_common(1)[0][0]
            whole = LETTERS_A_WORD.get(language)
            count = languages.total() / whole if whole else 1.0
            words += count
            score[language] += count
            known[language] += count
            telling[language] += count
            continue
        words += 1
        part = next((part for part in (word, *_parts(word)) if part in weights), "")
        if part not in seen:
            # Once: in "The Good, the Bad and the Ugly" is one English word the more.
            seen.add(part)
            for language, weight in weights[part].items():
                score[language] += weight
                known[language] += 1
                telling[language] += weight > LEAST_TELLING and part not in _glue()
    for char, language in OWN_LETTERS.items():
        if char in text:
            score[language] += 0.5
    for code, other in _taken_for(score, text):
        for counted in (score, known, telling):
            counted[other] += counted.pop(code, 0.0)
    return Evidence(words, score, known, telling)


@cache
def listed_languages() -> frozenset[str]:
    """Return the languages that are told by their words."""
    return frozenset(_lists()) - {"glue"}


@lru_cache(maxsize=4096)
def _by_script(char: str) -> str:
    point = ord(char)
    if point < SCRIPTS[0][0]:
        return ""
    return next((code for first, last, code in SCRIPTS if first <= point <= last), "")


def _taken_for(score: Mapping[str, float], text: str) -> list[tuple[str, str]]:
    """By what its script says at first, what a text is for its letters."""
    if "ja" in score:
        return [("zh", "ja")]  # written with Chinese characters, too
    return [
        (code, other)
        for code, others in OF_SCRIPT.items()
        if code in score
        for other, letters in others.items()
        if not set(letters).isdisjoint(text)
    ][:1]


def _parts(word: str) -> tuple[str, ...]:
    """Of "l'addition" "l'", of "bill's" nothing: names are put into the genitive, too."""
    head, apostrophe, _ = word.partition("'")
    return (head + apostrophe,) if apostrophe else ()


@cache
def _lists() -> Mapping[str, frozenset[str]]:
    text = (
        resources.files("antiphon.processors.language")
        .joinpath("words.toml")
        .read_text(encoding="utf-8")
    )
    return {code: frozenset(words.split()) for code, words in tomllib.loads(text).items()}


def _glue() -> frozenset[str]:
    return _lists()["glue"]


@lru_cache(maxsize=64)
def _weights(among: frozenset[str]) -> Mapping[str, Mapping[str, float]]:
    """By a word, what it counts for each language that has it."""
    by_word: dict[str, list[str]] = {}
    for code in among & listed_languages():
        for word in _lists()[code]:
            by_word.setdefault(word, []).append(code)
    return {word: dict.fromkeys(codes, len(codes) ** -2) for word, codes in by_word.items()}
