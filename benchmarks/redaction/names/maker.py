"""Sentences with and without names and addresses, made up to train the tagger.

Templates with slots, filled with names, streets, towns, titles and so on. What is between { and }
is a slot; N (a name in any form), F, L and A (an address), ST (a street) are what the tagger is to
find.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["SLOTS", "TEMPLATES", "Maker", "Piece"]

FOLDER = Path(__file__).parent
SLOTS: dict[str, list[str]] = {
    name: values.split(";")
    for name, values in json.loads((FOLDER / "slots.json").read_text("utf-8")).items()
}
TEMPLATES = {
    name: (FOLDER / f"{name}.txt").read_text("utf-8").strip().split("\n")
    for name in ("people", "addresses", "ordinary")
}
CAPITALS = "ABCDEFGHJKLMNPRSTW"
LABELS = {"N": "N", "F": "N", "L": "N", "A": "A", "ST": "A"}
# A text, and what it is: "N", "A" or "".
Piece = tuple[str, str]


class Maker:
    """Fills templates.

    Args:
        lists: Names, towns, streets and words to choose from.
        seed: Of the choices.
    """

    def __init__(self, lists: Mapping[str, Sequence[str]], seed: int) -> None:
        self._lists = {**SLOTS, **lists}
        self._rng = random.Random(seed)
        one, digits, whole = self._one, self._digits, self._rng.randint
        self._slots: dict[str, Callable[[], str]] = {
            "W": lambda: one("what"),
            "V": lambda: one("verbs"),
            "ADJ": lambda: one("adjectives"),
            "JOB": lambda: one("jobs"),
            "THING": lambda: one("things"),
            "PROD": lambda: one("products"),
            "BRAND": lambda: one("brands").title(),
            "BANK": lambda: one("banks").title(),
            "SHOP": lambda: one("shops").title(),
            "CAR": lambda: one("cars").title(),
            "AIR": lambda: one("airlines").title(),
            "TEAM": lambda: one("teams").title(),
            "ART": lambda: one("artists").title(),
            "FOOD": lambda: one("foods"),
            "DRINK": lambda: one("drinks"),
            "PLACE": lambda: one("places"),
            "KIN": lambda: one("kin"),
            "COMP": lambda: one("words") + one("words"),
            "AMB": lambda: one("ambiguous"),
            "FIELD": lambda: one("fields"),
            "WORD": lambda: one("words"),
            "VERB": lambda: one("actions"),
            "LANG": lambda: one("languages"),
            "DAY": lambda: one("days"),
            "IP": lambda: one("addresses_of_machines"),
            "T": lambda: one("titles"),
            "CC": self._part,
            "VALUE": self._value,
            "MAIL": self._mail,
            "URL": lambda: f"www.{one('words')}{one('words')}.com",
            "PRODUCT": lambda: f"{one('words')} {one('words')}".title(),
            "CODE": self._code,
            "C": self._town,
            "O": self._company,
            "SONG": self._title,
            "FILM": self._title,
            "REST": self._restaurant,
            "HOTEL": lambda: one("hotels"),
            "CINEMA": self._cinema,
            "H": self._time,
            "SMALL": lambda: str(whole(1, 12)),
            "NO": lambda: digits(whole(2, 7)),
            "Y": lambda: str(whole(1900, 2026)),
            "D": self._telephone,
            "CARD": lambda: digits(16),
            "ZIP": lambda: digits(5),
            "MONEY": lambda: self._of(f"${digits(2)}", f"{digits(3)} dollars", f"{digits(2)}.50"),
            "DOB": self._birthday,
            "SPELL": lambda: "-".join(one("last")[:6].upper()),
            "ANY": lambda: f"{self._first()} {self._last()}",
            "N": self._name,
            "F": self._first,
            "L": self._last,
            "A": self._address,
            "ST": self._street,
            "ROAD": self._street,
        }

    def fill(self, template: str) -> list[Piece]:
        """A template as pieces of text."""
        pieces: list[Piece] = []
        rest = template.replace("\\n", "\n")
        while rest:
            before, opened, rest = rest.partition("{")
            if before:
                pieces.append((before, ""))
            if opened:
                slot, _, rest = rest.partition("}")
                pieces.append((self._slots[slot](), LABELS.get(slot, "")))
        return pieces

    def _one(self, name: str) -> str:
        return self._rng.choice(self._lists[name])

    def _of(self, *values: str) -> str:
        return self._rng.choice(values)

    def _chance(self, share: float) -> bool:
        return self._rng.random() < share

    def _digits(self, count: int) -> str:
        return str(self._rng.randint(1, 9)) + "".join(
            str(self._rng.randint(0, 9)) for _ in range(count - 1)
        )

    def _time(self) -> str:
        hour = self._rng.randint(1, 12)
        return self._of(f"{hour} pm", f"{hour}:30", "noon", f"{hour}:15 am", f"{hour} o'clock")

    def _telephone(self) -> str:
        three, four = self._digits(3), self._digits(4)
        return self._of(
            f"{three}-{self._digits(3)}-{four}",
            f"({three}) {self._digits(3)} {four}",
            f"+{self._digits(2)} {self._digits(9)}",
            f"{three} {four}",
        )

    def _birthday(self) -> str:
        day, year = self._rng.randint(1, 28), self._digits(2)
        return self._of(
            f"March {day}, 19{year}",
            f"{self._rng.randint(1, 12)}/{day}/{year}",
            f"the {day % 16 + 4}th of July 19{year}",
        )

    def _first(self) -> str:
        kind = self._rng.random()
        return self._one("first_common" if kind < 0.35 else "first" if kind < 0.6 else "first_all")

    def _last(self) -> str:
        kind = self._rng.random()
        last = self._one("last_common" if kind < 0.3 else "last" if kind < 0.5 else "last_all")
        return last + "-" + self._one("last") if self._chance(0.03) else last

    def _name(self) -> str:
        kind = self._rng.random()
        if kind < 0.12:
            return self._first()
        if kind < 0.18:
            return self._last()
        name = self._first()
        if kind < 0.25:
            name += f" {self._rng.choice(CAPITALS)}{self._of('.', '')}"
        elif kind < 0.30:
            name += " " + self._first()
        elif kind < 0.33:
            name += " " + self._one("between")
        name += " " + self._last()
        return f"{name} {self._one('suffixes_of_names')}" if kind > 0.98 else name

    def _town(self) -> str:
        return self._one("towns" if self._chance(0.8) else "countries")

    def _part(self) -> str:
        part = self._one("parts")
        return part.upper() if len(part) < 4 or "." in part else part.title()

    def _company(self) -> str:
        kind = self._rng.random()
        if kind < 0.2:
            return f"{self._one('last')} {self._one('suffixes_of_companies')}"
        if kind < 0.4:
            return f"{self._one('last')}-{self._one('last')}"
        if kind < 0.6:
            return f"{self._one('words').title()} {self._one('companies')}"
        if kind < 0.8:
            return (self._one("words") + self._one("words")).title()
        if kind < 0.9:
            return f"{self._one('towns')} {self._one('institutions')}"
        return self._one(self._of("banks", "brands", "shops")).title()

    def _title(self) -> str:
        words = [self._one("words") for _ in range(self._rng.randint(1, 3))]
        if self._chance(0.25):
            # As many are called for somebody, or by a word of their own.
            words[-1] = self._one(self._of("first", "last", "foreign"))
            if self._chance(0.3):
                words[-1] += f": the {self._one('words')} {self._one('words')}"
        lead = self._of("", "", "the ", "my ", "beyond the ", "no ", "in the ")
        return (lead + " ".join(words)).title()

    def _restaurant(self) -> str:
        kind = self._rng.random()
        if kind < 0.25:
            return f"{self._one('first')}'s {self._one('houses_of_first_names')}"
        if kind < 0.4:
            return f"{self._one('last')}'s {self._one('houses_of_last_names')}"
        if kind < 0.6:
            return f"{self._one('words')} {self._one('houses')}".title()
        if kind < 0.8:
            return f"{self._one('articles')} {self._one('foreign').title()}"
        return self._one("restaurants")

    def _cinema(self) -> str:
        lead = self._one("cinemas") + " " if self._chance(0.75) else ""
        kinds = ("towns", "towns_all", "words", "street_words", "last")
        where = [self._one(self._of(*kinds)) for _ in range(self._rng.choice([0, 1, 1, 2]))]
        kind = self._one("kinds_of_cinemas") if self._chance(0.86) else ""
        number = f" {self._rng.randint(4, 30)}" if self._chance(0.5) else ""
        tail = self._of("", "", "", " Cinemas", " Theater", " IMAX")
        where = [w[:1].upper() + w[1:] for w in where]
        return " ".join((lead + " ".join([*where, kind]) + number + tail).split()) or "AMC 12"

    def _code(self) -> str:
        letters = "".join(self._rng.choices(CAPITALS + "UVXYZ", k=3))
        lead = self._of(letters, letters[:1], letters[:2], "RFC", "ISO", "v", "0x")
        number = self._digits(self._rng.randint(1, 5))
        return lead + self._of("", "-", " ") + number + self._of("", "", letters[0], "-" + letters)

    def _value(self) -> str:
        kind = self._rng.random()
        if kind < 0.4:
            return self._one("ambiguous")
        if kind < 0.7:
            return self._one("words")
        return self._of(self._town(), self._title(), self._code(), self._one("brands").title())

    def _mail(self) -> str:
        user = self._of(
            self._one("first"), self._one("first") + self._digits(2), self._one("words")
        )
        if self._chance(0.4):
            user += self._of("dot ", ".", " dot ", "_") + self._one("last")
        at, dot = self._rng.choice(
            [("@", "."), (" at ", " dot "), (" at ", " dot "), ("@ ", " . ")]
        )
        host = self._of("gmail", "example", "yahoo", self._one("words"))
        return f"{user}{at}{host}{dot}{self._of('com', 'org', 'net', 'co', 'io')}"

    def _street(self) -> str:
        kind = self._rng.random()
        if kind >= 0.9:
            return f"{self._one('usual_streets')} {self._one('usual_suffixes')}"
        if kind >= 0.45:
            return self._one("streets")
        name = self._one(self._of("last", "first", "towns"))
        if self._chance(0.5):
            name = self._one("street_words").title()
        if self._chance(0.15):
            name = f"{self._one('sides')} {name}"
        if self._chance(0.12):
            name = self._one("numbered_streets")
        return f"{name} {self._one('suffixes')}"

    def _address(self) -> str:
        number = self._digits(self._rng.choice([1, 2, 2, 3, 3, 4, 4, 5]))
        if self._chance(0.05):
            number = "0" + number
        if self._chance(0.05):
            number += self._of("a", "b", "c", "d")
        street = self._street()
        kind = self._rng.random()
        if kind < 0.05:
            return f"{self._one('boxes')} {number}{self._onward()}"
        if kind < 0.09:
            force = f"{self._one('forces')} {self._one('theatres_of_forces')} {self._digits(5)}"
            box = f"{self._digits(4)}{self._of(',', '')} Box {self._digits(4)}"
            return f"{self._one('units_of_forces')} {box}{self._of(chr(10), ' ', ', ')}{force}"
        if kind < 0.16:
            corner = self._of("the corner of ", "") + self._of(number + " ", "")
            return f"{corner}{street} and {self._street()}"
        if kind < 0.55:
            line = f"{number} {street}"
        elif kind < 0.75:
            # As written where the number comes second.
            line = f"{self._one('streets')} {number}"
        else:
            line = f"{number} {street} {self._digits(self._rng.choice([1, 2, 3]))}"
        if self._chance(0.1):
            line += " " + self._one("quarters")
        if self._chance(0.35):
            flat = f"{self._one('flats')} {self._digits(self._rng.choice([1, 2, 3]))}"
            if self._chance(0.2):
                return f"{flat} {line}{self._onward()}"
            line += self._of(", ", " ", "\n ", "\n") + flat
        return line + self._onward()

    def _onward(self) -> str:
        """Town, state, country and postcode, in some order; a bare ", town" is not hidden."""
        kind = self._rng.random()
        town = self._one("towns_all")
        if self._chance(0.3):
            town = town.upper()
        five, four, three = self._digits(5), self._digits(4), self._digits(3)
        zip_code = self._of(five, four, f"{five[:2]}-{three}", three)
        gap = self._of(", ", "\n", " ", "\n ")
        state, country = self._one("states"), self._one("countries")
        for share, tail in (
            (0.3, ""),
            (0.4, f" {town}"),
            (0.55, f"{gap}{town}, {state} {zip_code}"),
            (0.65, f"{gap}{town} {state} {zip_code}"),
            (0.75, f"{gap}{town} {zip_code}"),
            (0.85, f"{gap}{zip_code} {town}"),
            (0.95, f"{gap}{town}{gap}{country} {zip_code}"),
        ):
            if kind < share:
                return tail
        return f"{gap}{town}\n, {state}\n {country} {zip_code}"
