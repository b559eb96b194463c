"""The page's snippets are whole test files: each is run as one."""

import re
from pathlib import Path

# pytester forgets the modules that a snippet imports first; these cannot be imported twice.
import pytest

import antiphon.simulation.fakes
import antiphon.simulation.strategies
import antiphon.simulation.vendors.cartesia
import antiphon.simulation.vendors.openai
import antiphon.simulation.vendors.openai_realtime
import antiphon.simulation.virtual_time  # noqa: F401

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
TITLES = [re.findall(r"def (test_\w+)", snippet)[0] for snippet in SNIPPETS]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=TITLES)
def test_a_snippet_of_the_page_runs(pytester: pytest.Pytester, snippet: str) -> None:
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(snippet)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=snippet.count("def test_"))
