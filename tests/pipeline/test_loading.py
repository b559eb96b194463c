"""An agent that cannot be had is told in one line, without what an error quotes."""

import itertools
import sys
from pathlib import Path

import pytest

from antiphon.pipeline.loading import load_agent

SECRET = "hunter2secret"
NAMES = (f"an_agent_of_a_test_{number}" for number in itertools.count())

SOURCES = [
    (f"raise RuntimeError('{SECRET}')", "RuntimeError at .*:1 in <module>"),
    (f"raise ValueError('two\\nlines, {SECRET}')", "ValueError at .*:1 in <module>"),
    (f"{{}}['{SECRET}']", "KeyError at .*:1 in <module>"),
    (f"def f(: '{SECRET}'", "SyntaxError at .*:1$"),
    ("import sys\nsys.exit(3)", "SystemExit at .*:2 in <module>"),
    ("import no_such_module", "No module named 'no_such_module'"),
    ("class agent: pass", "no such object"),
    ("class agent:\n    worker = 1\n    def __init__(self, name): pass", "TypeError at "),
    ("agent = 42", "no such object"),
    ("", "no such object"),
    (
        "from antiphon.processors.redaction import Policy\nPolicy.preset('laxest')",
        "'laxest'",
    ),
    (
        "class A:\n    @property\n    def worker(self): raise OSError\nagent = A()",
        "OSError at .*:3 in worker",
    ),
]


@pytest.mark.parametrize(("source", "told"), SOURCES)
def test_a_module_that_fails_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, told: str
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    name = next(NAMES)
    (tmp_path / f"{name}.py").write_text(source)
    with pytest.raises(ValueError, match=f"^agent '{name}:agent': .*{told}") as error:
        load_agent(f"{name}:agent")
    assert SECRET not in str(error.value)
    assert "\n" not in str(error.value)


MADE = [
    ("from antiphon.pipeline import VoiceAgent as agent", "VoiceAgent"),
    ("from antiphon.pipeline import VoiceAgent\nclass agent(VoiceAgent): pass", "agent"),
    ("from antiphon.pipeline import VoiceAgent\nagent = VoiceAgent()", "VoiceAgent"),
    ("async def agent(call): pass", "function"),
    ("def agent(call): pass", "function"),
]


@pytest.mark.parametrize(("source", "kind"), MADE)
def test_an_agent_a_class_or_a_function_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, kind: str
) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    name = next(NAMES)
    (tmp_path / f"{name}.py").write_text(source)
    assert type(load_agent(f"{name}:agent")).__name__ == kind


@pytest.mark.parametrize("target", ["", "module", ":agent", "module:", ".module:agent"])
def test_what_names_no_agent_is_told_how_to(target: str) -> None:
    with pytest.raises(ValueError, match="write it as module:name"):
        load_agent(target)
