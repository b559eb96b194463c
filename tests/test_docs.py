"""Every Python snippet of the README and the docs runs as it stands."""

import re
from pathlib import Path

import pytest
from pytest_examples import CodeExample, EvalExample, find_examples

ROOT = Path(__file__).parents[1]

# Of vendors that a snippet names; it asks them nothing.
KEYS = ("ANTHROPIC_API_KEY", "ASSEMBLYAI_API_KEY", "ELEVENLABS_API_KEY")


@pytest.mark.parametrize("example", list(find_examples(ROOT / "README.md", ROOT / "docs")), ids=str)
def test_a_snippet_runs(
    example: CodeExample, eval_example: EvalExample, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, "dummy")
    eval_example.run(example)


def test_what_holds_a_situation_of_an_ordinary_call_exists() -> None:
    page = (ROOT / "docs/ordinary-calls.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.count("|") == 5]
    held = [re.findall("`(test_[a-z_]+|[a-z_]+[.]yaml)`", row[4]) for row in rows if "`" in row[4]]
    files = [ROOT / "simulation/scenarios", ROOT / "tests"]
    scenarios = {path.name for folder in files for path in folder.rglob("*.yaml")}
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    tests = set(re.findall(r"def (test_\w+)\(", sources))

    assert len(held) >= 30
    assert [name for names in held for name in names if name not in tests | scenarios] == []
    assert all(held)
