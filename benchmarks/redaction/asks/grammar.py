"""Sentences that an agent says, made from `phrases.toml`, with what each asks for."""

import random
import re
import tomllib
from pathlib import Path
from typing import NamedTuple

from antiphon.processors.redaction.core.ask_model import MORE, NUMBER, OTHER, QUANTITY

CHOICE = re.compile(r"\(([^()]*)\)\??")
SLOT = re.compile(r"\{([a-z])\}")
FOLDS = 5


class Made(NamedTuple):
    """A sentence, what it asks for, and the phrases it was made from."""

    text: str
    labels: frozenset[str]
    sources: tuple[str, ...]


class Grammar:
    """Draws sentences, or only those of some phrases."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        path = Path(__file__).with_name("phrases.toml")
        self.table = tomllib.loads(path.read_text(encoding="utf-8"))
        self.kinds = sorted(self.table["values"])
        self._sources: list[str] = []

    def sentence(self) -> Made:
        """One sentence, with what stands around it."""
        self._sources = []
        make, weights = zip(
            *((self._ask, 40), (self._direct, 23), (self._two, 8), (self._pair, 5), (self._more, 9),
              (self._beside, 5), (self._number, 8), (self._quantity, 6), (self._other, 26),
              (self._state, 36)),
            strict=True,
        )  # fmt: skip
        text, labels = self.random.choices(make, weights)[0]()
        return Made(self._around(text), labels, tuple(self._sources))

    def _pick(self, *path: str) -> str:
        options = self.table
        for key in path:
            options = options[key]
        chosen = self.random.choice(options)  # pyright: ignore[reportArgumentType]
        if not isinstance(chosen, str):
            return chosen
        self._sources.append(chosen)
        return self._choose(chosen)

    def _choose(self, text: str) -> str:
        while found := CHOICE.search(text):
            option = self.random.choice(found[1].split("|"))
            text = text[: found.start()] + option + text[found.end() :]
        return text.replace("?", "")

    def _filled(self, text: str, **slots: str) -> str:
        small = {
            "d": "digits", "l": "letters", "w": "words", "p": "people", "c": "companies",
        }  # fmt: skip

        def fill(found: re.Match[str]) -> str:
            name = found[1]
            if name in slots:
                return slots[name]
            if name in small:
                return self.random.choice(self.table["around"][small[name]])
            if name == "o":
                return self._choose(self.random.choice(self.table["other"]["nouns"]))
            return self._noun(self.random.choice(self.kinds))

        return SLOT.sub(fill, text)

    def _noun(self, kind: str) -> str:
        return self._pick("values", kind)

    def _value(self, kind: str, *, bare: float = 0.0) -> str:
        noun = self._noun(kind)
        if self.random.random() < bare:
            return noun
        article = self._choose(self.random.choice(self.table["around"]["articles"]))
        return article.replace("{n}", noun)

    def _ask(self) -> tuple[str, frozenset[str]]:
        kind = self.random.choice(self.kinds)
        text = self._pick("ask", "any")
        return self._filled(text, x=self._value(kind)), frozenset({kind})

    def _direct(self) -> tuple[str, frozenset[str]]:
        kind = self.random.choice([k for k, v in self.table["direct"].items() for _ in v])
        return self._filled(self._pick("direct", kind)), frozenset({kind})

    def _two(self) -> tuple[str, frozenset[str]]:
        one, other = self.random.sample(self.kinds, 2)
        text = self._filled(
            self._pick("ask", "two"), x=self._value(one), y=self._value(other, bare=0.3)
        )
        return text, frozenset({one, other})

    def _pair(self) -> tuple[str, frozenset[str]]:
        one, other, noun = self._pick("ask", "pairs")
        article = self.random.choice(("your ", "the ", "your ", ""))
        text = self._pick("ask", "any")
        return self._filled(text, x=article + self._choose(noun)), frozenset({one, other})

    def _more(self) -> tuple[str, frozenset[str]]:
        return self._filled(self._pick("more", "any")), frozenset({MORE})

    def _number(self) -> tuple[str, frozenset[str]]:
        if self.random.random() < 0.2:
            return self._filled(self._pick("number", "direct")), frozenset({NUMBER})
        article = self._choose(self.random.choice(self.table["around"]["articles"]))
        noun = article.replace("{n}", self._pick("number", "nouns"))
        return self._filled(self._pick("ask", "any"), x=noun), frozenset({NUMBER})

    def _beside(self) -> tuple[str, frozenset[str]]:
        kind = self.random.choice(self.kinds)
        both = [self._value(kind), "the " + self._pick("number", "nouns")]
        self.random.shuffle(both)
        return self._filled(self._pick("number", "beside"), x=both[0], y=both[1]), frozenset({kind})

    def _quantity(self) -> tuple[str, frozenset[str]]:
        return self._filled(self._pick("quantity", "any")), frozenset({QUANTITY})

    def _other(self) -> tuple[str, frozenset[str]]:
        if self.random.random() < 0.25:
            article = self.random.choice(("your ", "the ", "the ", "a ", ""))
            noun = article + self._pick("other", "nouns")
            return self._filled(self._pick("ask", "any"), x=noun), frozenset({OTHER})
        return self._filled(self._pick("other", "any")), frozenset({OTHER})

    def _state(self) -> tuple[str, frozenset[str]]:
        return self._filled(self._pick("state", "any")), frozenset()

    def _around(self, text: str) -> str:
        chance = self.random.random
        if chance() < 0.3:
            text = self._filled(self._pick("around", "before")) + text
        if chance() < 0.15:
            text += self._filled(self._pick("around", "after"))
        asking = text.split(" ")[0] in ("what", "what's", "can", "could", "may", "who", "how")
        if chance() < (0.9 if asking else 0.3):
            return text + "?"
        return text + self.random.choice(("", ".", ".", ".", "!"))
