"""Every Python snippet of the README and the docs runs as it stands."""

from pathlib import Path

import pytest
from pytest_examples import CodeExample, EvalExample, find_examples

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("example", list(find_examples(ROOT / "README.md", ROOT / "docs")), ids=str)
def test_a_snippet_runs(example: CodeExample, eval_example: EvalExample) -> None:
    eval_example.run(example)
