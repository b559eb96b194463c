"""No room uses a private attribute of Pipecat, uvicorn or their like outside of the one table.

What goes through a function of `antiphon.core.reaching_in` is used only there. What a subclass
inherits is used in place, and has to be in `LEANS_ON`.
"""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from antiphon.core import reaching_in
from antiphon.core.pipecat_internals import LEANS_ON

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "processors", "transports", "services", "pipeline", "simulation")
HOME = ROOT / "core" / "reaching_in.py"
FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if path != HOME]

# Public, whatever they look like, or of the standard library.
NAMED_TUPLES = {"_replace", "_fields", "_asdict"}
STANDARD = {"os._exit", "sys._current_frames", "self._espeak._handle"}
THEIRS = ("pipecat", "uvicorn", "websockets", "starlette", "fastapi", "loguru", "opentelemetry")
OF_OURSELVES = ("self", "cls", "super()")


def is_private(name: object) -> bool:
    return isinstance(name, str) and name.startswith("_") and not name.startswith("__")


@cache
def names_of(cls: type) -> set[str]:
    """What a class binds, or gets and sets of itself."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(tree, ast.ClassDef)
    methods = [node for node in tree.body if not isinstance(node, ast.ClassDef)]
    return set(vars(cls)) | {
        node.attr
        for method in methods
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in OF_OURSELVES
    }


def own_names(tree: ast.AST) -> set[str]:
    """The private names that the classes of a module give themselves."""
    names: set[str] = set()
    for cls in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for node in ast.walk(cls):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                names.update([node.attr] if ast.unparse(node.value) in OF_OURSELVES else [])
    return names


def reached_into(tree: ast.AST) -> Iterator[str]:
    """Private attributes of objects that are not of a class of this module."""
    own = own_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            if ast.unparse(node.value) in OF_OURSELVES or node.attr in own | NAMED_TUPLES:
                continue
            if ast.unparse(node) not in STANDARD:
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("attr"):
            yield from (
                ast.unparse(node)
                for argument in node.args
                if isinstance(argument, ast.Constant)
                and is_private(argument.value)
                and argument.value not in NAMED_TUPLES
            )


def imported(tree: ast.AST) -> Iterator[str]:
    """Private modules and names that are imported of others, but for those in the table."""
    listed = {lean.holder for lean in LEANS_ON}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(THEIRS):
            for alias in node.names:
                names = f"{node.module}:{alias.name}"
                if any(map(is_private, names.replace(":", ".").split("."))) and names not in listed:
                    yield names


def inherited(tree: ast.Module, module: ModuleType) -> Iterator[str]:
    """Private names of a foreign parent that a class uses or overrides, and that nobody listed."""
    for node in ast.walk(tree):
        cls = getattr(module, node.name, None) if isinstance(node, ast.ClassDef) else None
        if not isinstance(cls, type):
            continue
        foreign = [base for base in cls.__mro__ if base.__module__.startswith(THEIRS)]
        listed = {
            name.partition("(")[0]
            for lean in LEANS_ON
            for base in foreign
            if lean.holder.partition(":")[2] == base.__name__
            for name in lean.names
        }
        theirs = set().union(*map(names_of, foreign))
        for used in ast.walk(node):
            name = ""
            if isinstance(used, ast.Attribute) and ast.unparse(used.value) in OF_OURSELVES:
                name = used.attr
            elif isinstance(used, ast.FunctionDef | ast.AsyncFunctionDef):
                name = used.name
            if is_private(name) and name in theirs - listed:
                yield f"{cls.__name__}.{name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_reaches_into_nothing_that_is_not_in_the_table(path: Path) -> None:
    tree = ast.parse(path.read_text())
    found = [*reached_into(tree), *imported(tree)]
    if any(isinstance(node, ast.ClassDef) for node in tree.body) and path.stem != "__main__":
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(("antiphon", *parts)).removesuffix(".__init__")
        found += inherited(tree, importlib.import_module(name))
    assert not found, f"goes through {reaching_in.__name__}, or into LEANS_ON: {found}"


@pytest.mark.parametrize(
    "code",
    [
        "def f(worker): return worker._observer",
        "def f(worker): return getattr(worker, '_observer', None)",
        "def f(worker): return worker.pipeline._sink.next",
        "from uvicorn._types import ASGI3Application",
        "class C:\n def f(self): return self.worker._observer",
    ],
)
def test_reaching_in_is_found(code: str) -> None:
    tree = ast.parse(code)
    assert [*reached_into(tree), *imported(tree)]


def test_what_a_subclass_takes_of_its_parent_is_found() -> None:
    code = (
        "from pipecat.audio.vad.silero import SileroVADAnalyzer\n"
        "class Vad(SileroVADAnalyzer):\n"
        "    def state(self): return self._vad_state\n"
        "    def listed(self): return self._vad_buffer\n"
        "    def own(self): return self._own\n"
    )
    module = ModuleType("vad")
    exec(code, module.__dict__)
    assert list(inherited(ast.parse(code), module)) == ["Vad._vad_state"]
