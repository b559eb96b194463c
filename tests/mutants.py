"""Breaks the pure cores, one place at a time, and counts the breaks that no test sees.

A mutant is one change: another comparison, `and` for `or`, a `not` taken away, a flipped boolean, a
return that gives nothing. The tests that mirror the core run on it: those of its module, then those
of its folder, then, of a processor's, those of the whole capability. A mutant that all of them pass
has survived: it wants a test, or less code. The same seed draws the same mutants, and one drawn
keeps its place in the draw when other code changes.

    python tests/mutants.py --seed 7 --number 60
    python tests/mutants.py --only processors/sentences/marks.py --number 1000
"""

import argparse
import ast
import ctypes
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]

# The decisions. The shells around them are tested by what a call does.
CORES = (
    "core/turns.py",
    "processors/interruption/decision.py",
    "processors/interruption/fader.py",
    "processors/interruption/ledger.py",
    "processors/interruption/lexicon.py",
    "processors/interruption/model.py",
    "processors/interruption/pieces.py",
    "processors/interruption/playback.py",
    "processors/interruption/speech.py",
    "processors/interruption/strategy.py",
    "processors/latency/core/*.py",
    "processors/latency/apology.py",
    "processors/latency/fillers.py",
    "processors/redaction/core/*.py",
    "processors/redaction/detectors/*.py",
    "processors/redaction/recording/track.py",
    "processors/sentences/boundaries.py",
    "processors/sentences/evidence.py",
    "processors/sentences/events.py",
    "processors/sentences/marks.py",
    "processors/sentences/scanner.py",
    "processors/sentences/spans.py",
    "pipeline/server/access/admission.py",
    "pipeline/server/access/rates.py",
    "pipeline/server/access/tokens.py",
    "transports/pace.py",
    "transports/telephony/media_stream.py",
    "transports/telephony/playback_marks.py",
    "transports/telephony/send_ahead.py",
)

# Mutants that behave as the sound code does, by their names, each with the reason.
EQUAL: dict[str, str] = {
    "transports/telephony/send_ahead.py SendAhead.__init__: True -> False": (
        "set as audio arrives, before it is read"
    ),
    "processors/latency/fillers.py Wait.__init__: True -> False": (
        "only whether a frame goes by way of a queue, which is a matter of cost"
    ),
    "processors/latency/core/watchdogs.py Watchdogs.__init__: False -> True #3": (
        "set as a request begins, and read only once one has ended"
    ),
}

# What every run would otherwise import again: the slow ones, none of ours.
SHARED = (
    "hypothesis.strategies",
    "looptime",
    "numpy",
    "pipecat.pipeline.worker",
    "pipecat.processors.aggregators.llm_response_universal",
    "pytest_asyncio",
    "pytest_examples",
)
TO_KILL = 0.9
MEMORY_BYTES = 6 << 30

SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """One change to one file: the number of its place there, and a name that has no line in it."""

    path: Path
    place: int
    line: int
    name: str

    @property
    def room(self) -> str:
        """The folder of the core."""
        return str(self.path.parent.relative_to(ROOT))

    def tree(self) -> ast.Module:
        """Return the changed module."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        _, node, part = list(_places(tree))[self.place]
        _change(node, part)
        return ast.fix_missing_locations(tree)

    def __str__(self) -> str:
        return f"{self.name} (line {self.line})"


def mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = Counter[str]()
    for number, (scope, node, part) in enumerate(_places(tree)):
        before, kept = ast.unparse(node), dict(vars(node))
        if isinstance(node, ast.Compare):
            kept["ops"] = list(node.ops)
        _change(node, part)
        what = " ".join(f"{before} -> {ast.unparse(node)}".split())
        vars(node).update(kept)
        name = f"{path.relative_to(ROOT)} {scope or 'module'}: {what}"
        names[name] += 1
        if names[name] > 1:
            name += f" #{names[name]}"
        yield Mutant(path, number, node.lineno, name)


def _places(node: ast.AST, scope: str = "") -> Iterator[tuple[str, ast.expr | ast.stmt, int]]:
    """Where a file can change, but for what only types read: annotations and declarations."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or _is_for_types(child):
                continue
            inner = scope
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{scope}.{child.name}".lstrip(".")
            match child:
                case ast.Compare():
                    yield from ((scope, child, part) for part in range(len(child.ops)))
                case ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                    yield scope, child, 0
                case ast.Constant(value=bool()):
                    yield scope, child, 0
                case ast.Return(value=ast.expr()) if not _is_plain(child.value):
                    yield scope, child, 0
            yield from _places(child, inner)


def _is_for_types(node: ast.AST) -> bool:
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        # `zip(strict=True)` asserts, as `assert` does.
        case ast.keyword(arg="strict") | ast.Assert():
            return True
    return False


def _is_plain(value: ast.expr | None) -> bool:
    """Whether a return says yes or no, which is flipped elsewhere, or gives nothing anyway."""
    if isinstance(value, ast.Constant):
        return value.value is None or value.value in (True, False, "")
    return isinstance(value, ast.Tuple | ast.List) and not value.elts


def _change(node: ast.expr | ast.stmt, part: int) -> None:
    match node:
        case ast.Compare():
            node.ops[part] = SWAPPED[type(node.ops[part])]()
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.UnaryOp():
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.Constant():
            node.value = not node.value
        case ast.Return():
            node.value = ast.Constant(None)


class _Broken(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module as a mutant."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant
        self._name = ".".join(("antiphon", *mutant.path.relative_to(ROOT).with_suffix("").parts))

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._mutant.path, loader=self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._mutant.tree(), str(self._mutant.path), "exec"), vars(module))


def stages(path: Path) -> list[Path]:
    """What is run, one after the other: a core's own tests, its folder's, its capability's."""
    folder = ROOT / "tests" / path.parent.relative_to(ROOT)
    places = [folder / f"test_{path.name}", folder]
    if path.is_relative_to(ROOT / "processors"):
        places.append(ROOT / "tests" / Path(*path.relative_to(ROOT).parts[:2]))
    return [place for place in dict.fromkeys(places) if place.exists()]


def start(stage: Path, mutant: Mutant | None) -> int:
    """Run some tests, on a mutant or on the sound code, in a process group; returns its id."""
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    parent = os.getpid()
    if pid := os.fork():
        return pid
    code = 70
    try:
        os.setsid()
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(code)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        for stop in stops:
            signal.signal(stop, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stops)
        if mutant:
            sys.meta_path.insert(0, _Broken(mutant))
        silent = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silent, stream)
        import pytest

        fixed = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=ci"]
        # To rewrite asserts pytest imports the modules of a package with a plugin itself, unbroken.
        fixed.append("--assert=plain")
        code = int(pytest.main([*fixed, str(stage)]))
    finally:
        os._exit(code)


def stop(pid: int) -> None:
    """Kill a run and all that it started."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


@dataclass
class Run:
    """One run of tests: on the sound code if it has no mutant."""

    stage: Path
    mutant: Mutant | None = None
    since: float = 0.0
    late: bool = False


class Tests:
    """Runs stages side by side; a mutant is given what the sound code took, and some."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._running: dict[int, Run] = {}
        self._sound: dict[Path, float] = {}

    def measure(self, wanted: list[Path]) -> None:
        """Time the sound code, which must pass; a stage without tests is left out afterwards."""
        for run, passed, seconds in self.results([Run(stage) for stage in wanted]):
            if passed:
                self._sound[run.stage] = seconds
            elif passed is False:
                raise SystemExit(f"the tests fail on the sound code: pytest {run.stage}")

    def later(self, mutant: Mutant, stage: Path | None = None) -> Run | None:
        """Return a mutant's first run, or the one after a stage, if there is one."""
        left = [one for one in stages(mutant.path) if one in self._sound]
        left = left[left.index(stage) + 1 :] if stage else left
        return Run(left[0], mutant) if left else None

    def results(self, waiting: list[Run]) -> Iterator[tuple[Run, bool | None, float]]:
        """Run what waits, which may grow meanwhile: (run, passed or None for no tests, seconds)."""
        while waiting or self._running:
            while waiting and len(self._running) < self._jobs:
                run = waiting.pop(0)
                run.since = time.monotonic()
                self._running[start(run.stage, run.mutant)] = run
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
            now = time.monotonic()
            for pid, run in self._running.items():
                if run.mutant and now - run.since > 15 + 5 * self._sound[run.stage]:
                    run.late = True
                    stop(pid)
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                time.sleep(0.02)
                continue
            stop(pid)
            run = self._running.pop(pid)
            code = os.waitstatus_to_exitcode(status)
            yield run, None if code == 5 else code == 0, time.monotonic() - run.since

    def stop(self) -> None:
        """Kill what runs."""
        for pid in self._running:
            stop(pid)
            os.waitpid(pid, 0)


def main() -> int:
    """Break, test and count."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seed", default="1", help="draws the sample; any text")
    options.add_argument("--number", type=int, default=60, help="how many to draw")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time")
    options.add_argument("--only", default="", help="part of the names to draw from")
    options.add_argument("--list", action="store_true", help="show the sample and run nothing")
    chosen = options.parse_args()

    files = [path for pattern in CORES for path in _expand(pattern)]
    known = {one.name: one for path in files for one in mutants(path)}
    if gone := EQUAL.keys() - known.keys():
        raise SystemExit(f"EQUAL names mutants that no file has: {sorted(gone)}")
    drawn = sorted(
        (one for name, one in known.items() if name not in EQUAL and chosen.only in name),
        key=lambda one: hashlib.sha256(f"{chosen.seed} {one.name}".encode()).digest(),
    )
    sample = drawn[: chosen.number]
    print(f"{len(sample)} of {len(drawn)} mutants, seed {chosen.seed}", flush=True)
    if chosen.list:
        print(*sample, sep="\n")
        return 0

    for module in SHARED:
        importlib.import_module(module)

    tests = Tests(chosen.jobs)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seen, killed, late = Counter[str](), Counter[str](), 0
    try:
        tests.measure(list(dict.fromkeys(one for each in sample for one in stages(each.path))))
        waiting = [run for each in sample if (run := tests.later(each))]
        for run, passed, _ in tests.results(waiting):
            assert run.mutant
            if passed and (following := tests.later(run.mutant, run.stage)):
                waiting.append(following)
                continue
            seen[run.mutant.room] += 1
            killed[run.mutant.room] += not passed
            late += run.late
            if passed:
                print(f"survived: {run.mutant}", flush=True)
    finally:
        tests.stop()
    for room in sorted(seen):
        print(f"  {room}: {killed[room]} of {seen[room]} killed")
    total = killed.total() / max(1, seen.total())
    print(f"{killed.total()} of {seen.total()} killed ({late} by time): {total:.1%}")
    return 0 if total >= TO_KILL else 1


def _expand(pattern: str) -> list[Path]:
    found = sorted(path for path in ROOT.glob(pattern) if path.name != "__init__.py")
    if not found:
        raise SystemExit(f"no core is at {pattern}: move the line of CORES with the module")
    return found


if __name__ == "__main__":
    sys.exit(main())
