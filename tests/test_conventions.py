"""One convention each, where no linter knows it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ["package", "core", "processors", "services", "transports", "pipeline", "simulation"]
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def _nodes() -> Iterator[tuple[Path, ast.AST]]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path, node


def test_a_dataclass_tells_of_its_parameters() -> None:
    others = {
        f"{path.name}: {node.name}"
        for path, node in _nodes()
        if isinstance(node, ast.ClassDef)
        and any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
        and re.search(r"^(Attributes|Args):$", ast.get_docstring(node) or "", re.MULTILINE)
    }
    assert others == set()


def test_settings_give_times_in_seconds() -> None:
    # An echo's delay is told in milliseconds wherever lines are described.
    known = {"schema.py: echo_ms"}
    others = {
        f"{path.name}: {node.target.id}"
        for path, node in _nodes()
        if path.name in {"settings.py", "decision.py", "schema.py"}
        and isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id.endswith("_ms")
    }
    assert others == known
