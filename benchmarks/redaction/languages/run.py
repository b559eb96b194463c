"""Spoken numbers and ordinary sentences in nine languages: what leaks, and what goes for nothing.

    python benchmarks/redaction/languages/run.py [--held] [--show] [--only es] [--sentences FOLDER]

A case is a question and an answer, or an announcement, with a number that `spoken.py` says in one
of its styles. It leaks if a word of the number is left. `--held` takes the half of the phrases, and
numbers, that development did not look at; `--sentences` adds the sentences of a folder of
`ud_LANGUAGE.json` to those of `ordinary.toml`.
"""

import argparse
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from spoken import LANGUAGES, date, say  # type: ignore[import-not-found]

from antiphon.processors.redaction import Redactor

HERE = Path(__file__).parent
PHRASES = tomllib.loads((HERE / "phrases.toml").read_text("utf-8"))
ORDINARY = tomllib.loads((HERE / "ordinary.toml").read_text("utf-8"))
STYLES = (
    "one by one",
    "by pairs",
    "by threes",
    "by fours",
    "doubled",
    "mixed",
    "figures",
    "switched",
)
LENGTHS = {"card": 16, "cvv": 3, "pin": 4, "phone": 9, "id": 11}
TOLD = ("card", "phone", "id")
CASES = 12
# A country's letters stand before digits.
SPELLED = ("one by one", "by pairs", "mixed", "figures")
LETTERS = re.compile(r"\w")


class Case(NamedTuple):
    """A turn of a caller, with the words of it that must go."""

    label: str
    question: str
    text: str
    secret: list[tuple[int, int]]


def made(code: str, *, held: bool) -> Iterator[Case]:
    """The cases of a language."""
    rng = Random(f"{code} {held}")
    phrases = PHRASES[code]
    for style in STYLES:
        for kind, size in LENGTHS.items():
            if size < 5 and style in ("by fours", "by threes"):
                continue
            if style == "by fours" and code in ("ja", "zh"):
                continue
            for told in (False, True) if kind in TOLD else (False,):
                for _ in range(CASES):
                    digits = "".join(rng.choices("0123456789", k=size))
                    words = say(code, digits, style, rng)
                    frames = half(phrases[f"{kind}_told"] if told else phrases["lead"], held)
                    question = "" if told else rng.choice(half(phrases[kind], held))
                    yield case(code, f"{kind} {style}", question, rng.choice(frames), words, rng)
        for _ in range(CASES if "iban" in phrases and style in SPELLED else 0):
            digits = "".join(rng.choices("0123456789", k=20))
            words = [code.upper(), *say(code, digits, style, rng)]
            frames = half(phrases["lead"], held)
            question = rng.choice(half(phrases["iban"], held))
            found = case(code, f"iban {style}", question, rng.choice(frames), words, rng)
            # The country alone tells nothing.
            yield found._replace(secret=found.secret[1:])
        for told in (False, True):
            frames = half(phrases["birth_told" if told else "lead"], held)
            question = "" if told else rng.choice(half(phrases["birth"], held))
            for _ in range(CASES // 4):
                yield dated(code, question, rng.choice(frames), date(code, rng))
        for _ in range(CASES):
            if style in ("one by one", "by pairs", "figures", "switched"):
                # Nobody asked and nothing is announced.
                digits = "4" + "".join(rng.choices("0123456789", k=15))
                words = say(code, digits, style, rng)
                yield case(code, f"bare {style}", "", "{}", words, rng)


def dated(code: str, question: str, frame: str, said: str) -> Case:
    """A case with a date of birth."""
    head, tail = frame.split("{}")
    spans = re.finditer(r"[^\s日号]+", said)
    words = [(m.start() + len(head), m.end() + len(head)) for m in spans]
    joints = ("de", "und")
    secret = [
        span for span in words if said[span[0] - len(head) : span[1] - len(head)] not in joints
    ]
    return Case("birth", question, head + said + tail, secret)


def case(code: str, label: str, question: str, frame: str, words: list[str], rng: Random) -> Case:
    """A case in one of the ways in which a recogniser writes a number."""
    joint = (
        rng.choice(("", "、"))
        if code == "ja"
        else rng.choice(("", "，", " "))
        if code == "zh"
        else " "
    )
    if code not in ("ja", "zh") and rng.random() < 0.3:
        joint = ", "
    elif code in ("ja", "zh") and any(c < "\u3000" and c.isalpha() for w in words for c in w):
        joint = " "
    spaced = joint if joint.strip() or not joint else " "
    fillers = PHRASES[code]["filler"]
    head, tail = frame.split("{}")
    text, secret = head, []
    group = rng.choice((2, 3, 4))
    pauses = rng.random() < 0.3 and len(words) > 5
    for index, word in enumerate(words):
        if index:
            text += spaced
        if pauses and index and index % group == 0:
            text += rng.choice(fillers) + (" " if code not in ("ja", "zh") else "")
        secret.append((len(text), len(text) + len(word)))
        text += word
    text += tail
    if rng.random() < 0.5:
        text = text.lower()
    return Case(label, question, text, secret)


def half(phrases: list[str], held: bool) -> list[str]:
    """The phrases that development looks at, or the others."""
    middle = (len(phrases) + 1) // 2
    return phrases[middle:] if held else phrases[:middle]


def leaks(case: Case, redactor: Redactor) -> bool:
    """Whether a word of the secret is left."""
    if case.question:
        redactor.redact(case.question, role="agent")
    found = redactor.redact(case.text).entities
    return any(
        LETTERS.match(case.text[at]) and not any(e.start <= at < e.end for e in found)
        for start, end in case.secret
        for at in range(start, end)
    )


def ordinary(code: str, folder: Path | None, *, held: bool) -> list[str]:
    """Sentences of a language in which nothing is personal."""
    found = half(ORDINARY[code], held)
    file = folder / f"ud_{code}.json" if folder else None
    if file and file.exists():
        cases = json.loads(file.read_text("utf-8"))["cases"]
        more = [text for one in cases for text in one["sentences"]]
        found += half(more, held)[:400]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--held", action="store_true")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--only", choices=LANGUAGES)
    parser.add_argument("--wrong-tag", action="store_true", help="a redactor of another language")
    parser.add_argument("--sentences", type=Path)
    args = parser.parse_args()
    print(f"{'':4}{'cases':>8}{'leak':>8}{'switched':>10}{'sentences':>11}{'hidden':>8}")
    for code in [args.only] if args.only else LANGUAGES:
        spoken = ("en" if code != "en" else "es") if args.wrong_tag else code
        cases = list(made(code, held=args.held))
        bad = [c for c in cases if leaks(c, Redactor(language=spoken))]
        switched = [c for c in cases if c.label.endswith("switched")]
        crossed = [c for c in bad if c.label.endswith("switched")]
        texts = ordinary(code, args.sentences, held=args.held)
        seen = [(t, Redactor(language=spoken).redact(t)) for t in texts]
        hidden = [
            (t, r)
            for t, r in seen
            if any(e.type not in ("PERSON", "STREET_ADDRESS") for e in r.entities)
        ]
        print(
            f"{code:4}{len(cases):8}{len(bad) / len(cases):8.3f}"
            f"{len(crossed) / len(switched):10.3f}"
            f"{len(texts):11}{len(hidden) / max(1, len(texts)):8.3f}"
        )
        if args.show:
            print("   ", dict(Counter(c.label for c in bad)))
            for c in bad[:: max(1, len(bad) // 12)]:
                redactor = Redactor(language=spoken)
                redactor.redact(c.question, role="agent")
                print(f"    {c.label}: {c.question} | {c.text}")
                print(f"        {redactor.redact(c.text).text}")
            for text, found in hidden[:12]:
                print(f"    hidden: {text[:150]}\n        {found.text[:150]}")


if __name__ == "__main__":
    main()
