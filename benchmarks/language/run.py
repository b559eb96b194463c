"""How often the language of a call is taken for another, and how soon a change is followed.

    python benchmarks/language/run.py          # of the kept half
    python benchmarks/language/run.py --dev    # of the half to develop on, with what fails

`foreign.toml` has what callers say with foreign names and loan words in it, none of which is a
change; `changes.toml` what they say in earnest. Each is heard in turn by one tracker a language, as
in one long call, with each kind of tag that services give.
"""

import argparse
import random
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from antiphon.processors.language.tracker import LanguageTracker

HERE = Path(__file__).parent
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "hi", "ja", "zh")
TAGS = ("right", "wrong", "multi", "none")


def load(name: str) -> dict[str, Any]:
    with (HERE / name).open("rb") as table:
        return tomllib.load(table)


def foreign(*, dev: bool) -> Iterator[tuple[str, str, str]]:
    """By language of the speaker, what is said, and the language of what is foreign in it."""
    table, rng = load("foreign.toml"), random.Random(24)
    others = {code: [c for c in LANGUAGES if c != code] for code in LANGUAGES}
    for code in LANGUAGES:
        said = [(text, rng.choice(others[code])) for text in table[code]]
        for carrier in table["carriers"][code]:
            for other in rng.sample([c for c in table["names"] if c != code], 5):
                for name in rng.sample(table["names"][other], 2):
                    said.append((carrier.format(name), other))
        for index, (text, other) in enumerate(said):
            if (index % 2 == 0) == dev:
                yield code, text, other


def tag(kind: str, code: str, other: str) -> str | None:
    return {"right": code, "wrong": other, "multi": "multi", "none": None}[kind]


def false_switches(*, dev: bool) -> None:
    for kind in TAGS:
        heard: Counter[str] = Counter()
        false: Counter[str] = Counter()
        trackers: dict[str, LanguageTracker] = {}
        for code, text, other in foreign(dev=dev):
            tracker = trackers.setdefault(code, LanguageTracker([code, *LANGUAGES]))
            pair = LanguageTracker([code, other])
            pair.hear(text, tag(kind, code, other))
            for name, one in (("nine languages", tracker), ("two, said twice", pair)):
                heard[name] += 1
                if one.hear(text, tag(kind, code, other)).settled == code:
                    continue
                false[name] += 1
                trackers.pop(code, None)
                if dev:
                    print("   false:", code, "->", one.settled, text)
        for name, count in heard.items():
            told = f"{false[name]} of {count} ({false[name] / count:.1%})"
            print(f"false switches, tags {kind}, {name}: {told}")


def followed(*, dev: bool) -> None:
    table = load("changes.toml")
    for kind in TAGS:
        at_once = in_two = total = 0
        for code in LANGUAGES:
            for before in LANGUAGES:
                if before == code:
                    continue
                said = table[code][0 if dev else 1 :: 2]
                for index, text in enumerate(said):
                    tracker = LanguageTracker([before, *(c for c in LANGUAGES if c != before)])
                    given = tag(kind, code, before)
                    total += 1
                    if tracker.hear(text, given).settled == code:
                        at_once += 1
                    elif tracker.hear(said[index - 1], given).settled == code:
                        in_two += 1
                    elif dev:
                        print("   not followed:", before, "->", code, text)
        print(
            f"changes, tags {kind}: {at_once / total:.1%} followed at once, "
            f"{(at_once + in_two) / total:.1%} by the next utterance, of {total}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--dev", action="store_true")
    dev = parser.parse_args().dev
    false_switches(dev=dev)
    followed(dev=dev)
