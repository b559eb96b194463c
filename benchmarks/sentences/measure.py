"""What the sentence benchmark measures: tokens, boundaries, delay, hard splits, growth.

Positions are counted in characters that are not white space, so an aggregator is not judged by
where it leaves the spaces. One token stands for what a language model streams in one step.
"""

import hashlib
import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

UD_MACRO = ("ud_de", "ud_es", "ud_fr", "ud_pt", "ud_ru", "ud_ar", "ud_hi", "ud_zh", "ud_ja")
SUITE_OF_FILE = {"ud_en_ewt": "ud_en", "ud_en_gum": "ud_en"}

# Chinese, Japanese, Korean, Thai and Burmese, without their punctuation.
_WIDE = (
    "\u2e80-\u2fff\u3005-\u3007\u3040-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\uff10-\uff19\uff66-\uff9f\u0e00-\u0e7f\u1000-\u109f"
)
_LETTER = rf"[^\W\d_{_WIDE}]"
_MARK = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0903\u093a-\u0963\u1e00"
# The shape of the o200k pre-tokeniser: a word takes one leading mark or space with it (so ".com"
# keeps its dot), digits go in threes, other marks in runs, line ends together.
_TOKEN = re.compile(
    rf"(?:[^\r\n\w]|_)?{_LETTER}(?:{_LETTER}|[{_MARK}])*(?:'[a-zA-Z]{{1,2}}\b)?"
    rf"|[{_WIDE}]+|\d{{1,3}}| ?[^\s\w]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+|.",
    re.DOTALL,
)


class Aggregator(Protocol):
    """What is measured: one stream of text in, chunks to speak out."""

    def feed(self, text: str) -> list[str]:
        """Take a token, give back what can be spoken."""

    def flush(self) -> list[str]:
        """Give back the rest at the end of the stream."""


@dataclass(frozen=True)
class Case:
    """One text and where its sentences end."""

    id: str
    lang: str
    suite: str
    text: str
    sentences: tuple[str, ...]

    @property
    def half(self) -> str:
        """`dev` or `check`, by a hash of the text: rules are tuned on the first only."""
        digest = hashlib.sha256(self.text.encode()).digest()
        return "dev" if digest[0] % 2 else "check"


def load_cases(folder: Path) -> list[Case]:
    """Read every suite of a case folder: `{suite, cases: [{id, lang, text, sentences}]}`."""
    cases = []
    for path in sorted(folder.glob("*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        suite = SUITE_OF_FILE.get(data["suite"], data["suite"])
        cases += [
            Case(c["id"], c["lang"], suite, c["text"], tuple(c["sentences"])) for c in data["cases"]
        ]
    if not cases:
        raise SystemExit(f"no *.json suites in {folder}: give the folder of the cases")
    return cases


def squeeze(text: str) -> str:
    """The text without white space."""
    return "".join(text.split())


def speakable(text: str) -> bool:
    """Whether there is a letter or a digit to say."""
    return any(c.isalnum() for c in text)


def tokenize(text: str) -> list[str]:
    """Cut a text as a language model would stream it."""
    rng = random.Random(len(text))
    tokens: list[str] = []
    for piece in _TOKEN.findall(text):
        wide = re.fullmatch(rf"[{_WIDE}]+", piece) is not None
        while piece:
            size = rng.choice((1, 2)) if wide else 9
            tokens.append(piece[:size])
            piece = piece[size:]
    return tokens


def chunkings(text: str) -> Iterable[list[str]]:
    """Three other ways in which the same text may arrive."""
    rng = random.Random(len(text))
    pieces, at = [], 0
    while at < len(text):
        size = rng.randint(1, 6)
        pieces.append(text[at : at + size])
        at += size
    yield pieces
    yield list(text)
    yield [text]


def ends(chunks: Iterable[str]) -> list[int]:
    """Where each chunk ends, in characters that are not white space."""
    total, out = 0, []
    for chunk in chunks:
        size = len(squeeze(chunk))
        if size:
            total += size
            out.append(total)
    return out


_MONEY_LEFT = re.compile(r"[$€£¥₹]\s?[\d.,]*$")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“«„-])(?:[A-Z]|(?:[A-Za-z]\.)+[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|St|Ave|Inc|Ltd|Co|Corp|"
    r"No|Nos|vs|etc|approx|dept|est|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec|Fig|Eq|Vol|"
    r"Gen|Sen|Rep|Gov|Capt|Col|Lt|Sgt|Rev|Hon|Jr|Sr|Mt|Ft|ext|Sra|Srta|dott|sig|Ing|Avv|bzw|usw|"
    r"Nr|Abs|ca|Bd|Hr|Fr|Str|ул|г|гг|руб|им|тыс|млн|млрд|проф|др|стр|pp?)\.$",
)
_NON_SPACE_LEFT = re.compile(r"\S+$")
_NON_SPACE_RIGHT = re.compile(r"\S+")
_CLOSERS = "\"')]}”’»」』】）》›"
_LIST_NUMBER = re.compile(
    r"(?:^|\n|[.!?:]\s)\s*(?:[-*•]\s*)?\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]+$"
)
_ORDINAL = re.compile(r"\b\d{1,2}\.$")


def hard_split(text: str, at: int) -> str | None:
    """Name the harm when a text is cut before index `at` where no sentence ends.

    A hard split is heard as a mistake (a number, name or address torn apart, a closing mark left
    to the next chunk); a soft one (at a comma, between two clauses) is only a pause. The rules are
    patterns, not judged by hand.
    """
    left, right = text[:at].rstrip(), text[at:].lstrip()
    if not left or not right:
        return None
    joined = not text[at - 1].isspace() and not text[at].isspace()
    tail = _NON_SPACE_LEFT.search(left)
    head = _NON_SPACE_RIGHT.match(right)
    run = (tail.group() if tail else "") + (head.group() if head and joined else "")
    if joined:
        if right[0] in _CLOSERS and (left[-1] in ".!?…。！？" or right[0] not in "\"'"):
            return "stranded closer"
        if "@" in run:
            return "e-mail"
        if "://" in run or "www." in run:
            return "url"
        if re.search(r"\d[.,:]?$", left) and right[0].isdigit():
            return "money" if _MONEY_LEFT.search(left) else "number"
        if left[-1] in ".:" and right[0].isascii() and right[0].isalnum() and " " not in run:
            if re.search(r"[a-z]{2}\.$", left) and right[0].isupper():
                return None
            return "file or code"
        if left[-1].isalnum() and right[0].isalnum() and left[-1].isascii() and right[0].isascii():
            return "mid-word"
    if _LIST_NUMBER.search(left):
        return "list number"
    if _ABBREVIATION.search(left):
        return "abbreviation"
    if _ORDINAL.search(left) and (right[0].islower() or right[0].isupper()) and not joined:
        year_or_count = re.search(r"\d{3,}\.$", left)
        return None if year_or_count else "ordinal"
    if right[0] in _CLOSERS[2:]:
        return "stranded closer"
    return None


@dataclass
class Tally:
    """Counts over the cases of one suite."""

    cases: int = 0
    sentences: int = 0
    hits: int = 0
    missed: int = 0
    wrong: int = 0
    exact: int = 0
    hard: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unspeakable: int = 0
    lossy: int = 0
    spaces_changed: int = 0
    delays: list[int] = field(default_factory=list)
    hit_delays: list[int] = field(default_factory=list)
    first_chunk: list[int] = field(default_factory=list)
    last_before_flush: int = 0
    variant: int = 0
    seconds: float = 0.0
    characters: int = 0
    longest: int = 0
    errors: int = 0

    @property
    def f1(self) -> float:
        """Micro-averaged boundary F1."""
        found = 2 * self.hits
        return found / (found + self.missed + self.wrong) if found else 0.0

    def add(self, other: "Tally") -> None:
        """Take in the counts of another tally."""
        for name, value in vars(other).items():
            if name == "longest":
                self.longest = max(self.longest, value)
            elif name == "hard":
                for kind, count in value.items():
                    self.hard[kind] += count
            else:
                setattr(self, name, getattr(self, name) + value)


def stream(aggregator: Aggregator, tokens: list[str]) -> list[tuple[int, str]]:
    """Feed tokens; give each chunk with the index of the token after which it came."""
    out = []
    for index, token in enumerate(tokens):
        for chunk in aggregator.feed(token):
            out.append((index, chunk))
    for chunk in aggregator.flush():
        out.append((len(tokens), chunk))
    return out


def run_case(case: Case, make: Callable[[str], Aggregator], *, check_chunkings: bool) -> Tally:
    """Measure one case."""
    tally = Tally(cases=1, sentences=len(case.sentences), characters=len(case.text))
    tokens = tokenize(case.text)
    aggregator = make(case.lang)
    start = time.process_time()
    try:
        timed = stream(aggregator, tokens)
    except Exception:
        tally.errors = 1
        return tally
    tally.seconds = time.process_time() - start
    chunks = [chunk for _, chunk in timed if chunk.strip()]
    tally.longest = max(map(len, chunks), default=0)
    gold, found = ends(case.sentences), ends(chunks)
    total = len(squeeze(case.text))
    gold_inner = [e for e in gold if e < total]
    found_inner = {e for e in found if e < total}
    right = found_inner & set(gold_inner)
    tally.hits = len(right)
    tally.missed = len(set(gold_inner) - found_inner)
    tally.wrong = len(found_inner - set(gold_inner))
    tally.exact = int(found_inner == set(gold_inner))
    joined = "".join(chunks)
    tally.lossy = int(squeeze(joined) != squeeze(case.text))
    at, kept = 0, True
    for chunk in chunks:
        place = case.text.find(chunk.strip(), at)
        kept = kept and place >= 0
        at = max(at, place)
    tally.spaces_changed = int(not tally.lossy and not kept)
    tally.unspeakable = sum(not speakable(c) for c in chunks) if speakable(case.text) else 0
    index_of = [i for i, c in enumerate(case.text) if not c.isspace()]
    for end in found_inner - set(gold_inner):
        if not tally.lossy and (kind := hard_split(case.text, index_of[end - 1] + 1)):
            tally.hard[kind] += 1
    arrived, count = [], 0
    for token in tokens:
        count += len(squeeze(token))
        arrived.append(count)
    spoken, count = [], 0
    for index, chunk in timed:
        count += len(squeeze(chunk))
        spoken.append((count, index))
        if speakable(chunk) and not tally.first_chunk:
            tally.first_chunk.append(min(index + 1, len(tokens)))
    for end in gold_inner:
        ended = next(i for i, n in enumerate(arrived) if n >= end)
        out = next((i for n, i in spoken if n >= end), len(tokens))
        tally.delays.append(out - ended)
        if end in right:
            tally.hit_delays.append(out - ended)
    tally.last_before_flush = int(any(n >= total and i < len(tokens) for n, i in spoken))
    if check_chunkings:
        want = [squeeze(c) for c in chunks]
        for pieces in chunkings(case.text):
            again = [c for _, c in stream(make(case.lang), pieces) if c.strip()]
            if [squeeze(c) for c in again] != want:
                tally.variant = 1
                break
    return tally


GROWTH = {
    "no terminator": "and so it goes on with the next word ",
    "Dr. Smith and": "Dr. Smith and ",
    "1.5, ": "1.5, ",
    "plain sentences": "This is a plain sentence of the usual kind. ",
    "open quotes and brackets": 'he said ("well. Then ',
    "dots without a space": "a.b...",
}


def growth(make: Callable[[str], Aggregator], unit: str, sizes: tuple[int, ...]) -> list[float]:
    """CPU seconds to stream texts of the given sizes, the best of three each."""
    out = []
    for size in sizes:
        tokens = tokenize((unit * (size // len(unit) + 1))[:size])
        best = float("inf")
        for _ in range(3):
            aggregator = make("en")
            start = time.process_time()
            for token in tokens:
                aggregator.feed(token)
            aggregator.flush()
            best = min(best, time.process_time() - start)
        out.append(best)
    return out
