"""Every Python snippet of the README and the docs runs as it stands."""

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
