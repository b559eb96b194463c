"""How much personal data is left in the text, written, spoken, over several turns and streamed.

    python benchmarks/redaction/run.py CASES [--ordinary FOLDER] [--peers-python PYTHON]
        [--misses CATEGORY]

CASES is a folder of JSON files, one a category: a list of `{id, category, turns, entities}`, where
a turn is `{role, kind, text, chunks?}` and an entity `{turn, start, end, type, must}`; `must` are
the characters that may not survive. Files named `neg_*` have nothing to hide.

Metrics: *leak*, the share of documents of which any must-mask character of a structured entity is
left (names, street addresses and postcodes are counted apart); *typed*, recall at the same type
and IoU >= .5; *over*, the share of documents with nothing to hide in which something was hidden;
*names* and *places*, the share of names, and of addresses and postcodes, of which any is left;
*stream leak*, four or more consecutive letters or digits of a value in what was emitted. Every
document is put in the `dev` or the `check` half by a hash of its first value: tune on `dev` only.
With --ordinary, what is hidden of calls in which nothing is to be (`ordinary.py`).
"""

import argparse
import gc
import hashlib
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import ordinary
import peers

CONTEXTUAL = {"PERSON", "STREET_ADDRESS", "ZIP_CODE"}
Case = dict
Found = list[list[tuple[int, int, str]]]


def half(case: Case) -> str:
    key = case["entities"][0]["value"] if case["entities"] else case["turns"][0]["text"]
    plain = "".join(c for c in key.lower() if c.isalnum())
    return "dev" if hashlib.sha256(plain.encode()).digest()[0] % 2 else "check"


def load(folder: Path) -> list[Case]:
    return [c for f in sorted(folder.glob("*.json")) for c in json.loads(f.read_text("utf-8"))]


def leaks(entity: dict, spans: list[tuple[int, int, str]]) -> bool:
    return not all(
        any(s <= i < e for s, e, _ in spans) for a, b in entity["must"] for i in range(a, b)
    )


def typed(entity: dict, spans: list[tuple[int, int, str]]) -> bool:
    must = {i for a, b in entity["must"] for i in range(a, b)}
    for s, e, kind in spans:
        cover = {i for i in range(s, e) if entity["start"] <= i < entity["end"]}
        outside = (e - s) - len(cover)
        both = len(must & cover)
        if kind == entity["type"] and both / (len(must) + max(0, outside)) >= 0.5:
            return True
    return False


def ours(cases: list[Case]) -> tuple[list[Found], list[float], float]:
    began = time.process_time()
    from antiphon.processors.redaction import Redactor

    Redactor().redact("warm 4111 1111 1111 1111")
    cold_ms = (time.process_time() - began) * 1e3
    found, cpu = [], []
    gc.disable()
    for case in cases:
        redactor, spans = Redactor(), []
        for turn in case["turns"]:
            start = time.process_time_ns()
            result = redactor.redact(turn["text"], role=turn["role"])
            cpu.append((time.process_time_ns() - start) / 1e3)
            spans.append([(e.start, e.end, e.type) for e in result.entities])
        found.append(spans)
    gc.enable()
    return found, cpu, cold_ms


def peer(
    name: str, python: str, cases: list[Case]
) -> tuple[list[Found], list[float], float] | None:
    return asked(name, python, [[t["text"] for t in c["turns"]] for c in cases])


def asked(
    name: str, python: str, talk: list[list[str]]
) -> tuple[list[Found], list[float], float] | None:
    done = subprocess.run(
        [python, str(Path(__file__).with_name("peers.py")), name],
        input=json.dumps(talk),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"{name:10} not installed in {python}: {done.stderr.strip().splitlines()[-1][:90]}")
        return None
    out = json.loads(done.stdout[done.stdout.index('{"spans"') :])
    return out["spans"], out["cpu_us"], out["cold_ms"]


def doc_leaks(case: Case, spans: Found) -> bool:
    return any(leaks(e, spans[e["turn"]]) for e in case["entities"] if e["type"] not in CONTEXTUAL)


GROUPS = {
    "written": ["written_structured", "dialog_abcd"],
    "spoken": ["spoken_structured"],
    "multi-turn": ["multiturn_prompted", "multiturn_unprompted"],
    "DTMF": ["dtmf"],
}


def table_row(label: str, cases: list[Case], found: list[Found]) -> str:
    cells = []
    for names in GROUPS.values():
        docs = [
            doc_leaks(c, f) for c, f in zip(cases, found, strict=True) if c["category"] in names
        ]
        cells.append(statistics.fmean(docs) if docs else 0.0)
    over = [any(f) for c, f in zip(cases, found, strict=True) if c["category"].startswith("neg_")]
    marks: dict[bool, list[bool]] = {True: [], False: []}
    for case, spans in zip(cases, found, strict=True):
        for e in case["entities"] if "name_addr" in case["category"] else ():
            marks[e["type"] == "PERSON"].append(leaks(e, spans[e["turn"]]))
    cells += [statistics.fmean(m) if m else 0.0 for m in (over, marks[True], marks[False])]
    return f"{label:18}" + "".join(f"{cell:11.3f}" for cell in cells)


def per_type(cases: list[Case], found: list[Found]) -> None:
    rows: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for case, spans in zip(cases, found, strict=True):
        for e in case["entities"]:
            rows[e["type"]].append((leaks(e, spans[e["turn"]]), typed(e, spans[e["turn"]])))
    print("\ntype               entities   leak  typed")
    for kind, marks in sorted(rows.items(), key=lambda r: -len(r[1])):
        leak, hit = (statistics.fmean(m[i] for m in marks) for i in (0, 1))
        print(f"{kind:18} {len(marks):8} {leak:6.3f} {hit:6.3f}")


def over_by_kind(cases: list[Case], found: list[Found]) -> None:
    rows: dict[str, list[bool]] = defaultdict(list)
    for case, spans in zip(cases, found, strict=True):
        if case["category"].startswith("neg_") or case["category"] == "neutral_invalid":
            rows[case["category"]].append(any(spans))
    print("\nnothing to hide        docs   hidden")
    for kind, marks in rows.items():
        print(f"{kind:22} {len(marks):4} {statistics.fmean(marks):8.3f}")


def spoken_by_style(cases: list[Case], found: list[Found]) -> None:
    rows: dict[str, list[bool]] = defaultdict(list)
    for case, spans in zip(cases, found, strict=True):
        if case["category"] == "spoken_structured":
            rows[case["transform"]].append(doc_leaks(case, spans))
    print(
        "\n" + "  ".join(f"{k.split(':')[-1]} {statistics.fmean(v):.3f}" for k, v in rows.items())
    )


def longest_kept(value: str, emitted: str) -> bool:
    plain = "".join(c for c in value.lower() if c.isalnum())
    said = "".join(c for c in emitted.lower() if c.isalnum())
    return any(plain[i : i + 4] in said for i in range(len(plain) - 3))


def stream(cases: list[Case], show: bool) -> None:
    from antiphon.processors.redaction import StreamRedactor

    print("\nstreamed LLM text    docs   leak  first-emit p50/max  gap p50/p95  us/chunk")
    for name in ("dev", "check", "all"):
        leak, first, gaps, cost = [], [], [], []
        for case in cases:
            if case["category"] != "stream_llm" or name not in ("all", half(case)):
                continue
            redactor, out, silent, longest, began = StreamRedactor(), "", 0, 0, None
            for n, chunk in enumerate(case["turns"][0]["chunks"], 1):
                start = time.process_time_ns()
                piece = redactor.feed(chunk)
                cost.append((time.process_time_ns() - start) / 1e3)
                out += piece
                if piece.strip():
                    began = began or n
                    silent = 0
                else:
                    silent += 1
                    longest = max(longest, silent)
            out += redactor.flush()
            bad = any(
                longest_kept(e["value"], out)
                for e in case["entities"]
                if e["type"] not in CONTEXTUAL
            )
            if bad and show:
                print("   ", case["turns"][0]["text"][:120], "->", out[:120])
            leak.append(bad)
            first.append(began or len(case["turns"][0]["chunks"]))
            gaps.append(longest)
        if not leak:
            continue
        gaps.sort()
        print(
            f"{name:18} {len(leak):6} {statistics.fmean(leak):6.3f} {statistics.median(first):9}"
            f"/{max(first):<8} {statistics.median(gaps):5}/{gaps[int(len(gaps) * 0.95)]:<6}"
            f" {statistics.fmean(cost):8.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure leaks and over-redaction.")
    parser.add_argument("cases", type=Path)
    parser.add_argument("--ordinary", type=Path, help="folder of dialogues with nothing to hide")
    parser.add_argument("--peers-python", help="interpreter in which the peers are installed")
    parser.add_argument("--misses", help="print what leaks or is over-redacted in a category")
    args = parser.parse_args()
    cases = load(args.cases)
    head = "".join(f"{n:>11}" for n in [*GROUPS, "over", "names", "places"])
    found, cpu, cold = ours(cases)
    print(f"{'':18}{head}")
    for name in ("dev", "check"):
        chosen = [i for i, c in enumerate(cases) if half(c) == name]
        print(table_row(f"antiphon {name}", [cases[i] for i in chosen], [found[i] for i in chosen]))
    print(table_row("antiphon", cases, found))
    timing = [("antiphon", cpu, cold)]
    for name in peers.PEERS if args.peers_python else []:
        if result := peer(name, args.peers_python or sys.executable, cases):
            print(table_row(name, cases, result[0]))
            timing.append((name, result[1], result[2]))
    print("\nCPU us/utterance         mean      p50      p99   cold ms")
    for name, times, cold_ms in timing:
        times.sort()
        print(
            f"{name:20} {statistics.fmean(times):8.1f} {times[len(times) // 2]:8.1f}"
            f" {times[int(len(times) * 0.99)]:8.1f} {cold_ms:9.1f}"
        )
    spoken_by_style(cases, found)
    over_by_kind(cases, found)
    per_type(cases, found)
    if args.misses:
        for case, spans in zip(cases, found, strict=True):
            if not case["category"].startswith(args.misses) or half(case) != "dev":
                continue
            negative = case["category"].startswith("neg")
            if any(spans) if negative else doc_leaks(case, spans):
                print("\n", case.get("transform"), " / ".join(t["text"] for t in case["turns"]))
                for e in case["entities"]:
                    text = case["turns"][e["turn"]]["text"]
                    if leaks(e, spans[e["turn"]]):
                        print("    LEAK", e["type"], repr(text[e["start"] : e["end"]]))
                got = [
                    (k, case["turns"][i]["text"][s:e])
                    for i, turn in enumerate(spans)
                    for s, e, k in turn
                ]
                print("    GOT ", got)
    stream(cases, args.misses == "stream_llm")
    if args.ordinary:

        def found_by(name: str, talk: list[list[str]]) -> list[Found] | None:
            result = asked(name, args.peers_python, talk)
            return result[0] if result else None

        names = list(peers.PEERS) if args.peers_python else []
        ordinary.table(ordinary.load(args.ordinary), names, found_by)


if __name__ == "__main__":
    main()
