"""Three vendors that we know nothing of take twelve lines, as the README has them."""

import re
from pathlib import Path
from typing import Any

import pytest

from antiphon.pipeline.providers.kinds import MissingVariable
from antiphon.transports import MemoryTransport

README = Path(__file__).parents[3] / "README.md"
KEYS = ("ANTHROPIC_API_KEY", "ASSEMBLYAI_API_KEY", "ELEVENLABS_API_KEY")


def script() -> str:
    snippets = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (found,) = [snippet for snippet in snippets if "assemblyai" in snippet]
    return found


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_call_on_three_foreign_vendors_is_composed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.setenv(name, "dummy")
    names: dict[str, Any] = {}
    exec(script(), names)
    made = [type(p).__name__ for p in names["agent"].pipeline(MemoryTransport()).processors]
    services = ["AssemblyAISTTService", "AnthropicLLMService", "ElevenLabsTTSService"]
    assert [name for name in made if name in services] == services
    assert len(script().splitlines()) <= 12


@pytest.mark.parametrize("missing", KEYS)
def test_without_one_of_the_keys_it_says_which_and_waits_for_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in KEYS:
        monkeypatch.setenv(name, "dummy")
    monkeypatch.delenv(missing)
    with pytest.raises(MissingVariable, match=f"needs {missing}: set it"):
        exec(script(), {})
