"""A scenario that cannot be used is told in one line: file, line, field, and what is wrong."""

from pathlib import Path

import pytest

from antiphon.simulation.scenarios.loading import SHIPPED, ScenarioError, load_scenario

LINES = "lines:\n  - say: hello\n    answer: hello\n"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_scenario_can_be_read(path: Path) -> None:
    assert load_scenario(path).title


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ":1: a scenario is a mapping that begins with 'title:'"),
        ("- say: hello\n", ":1: a scenario is a mapping that begins with 'title:'"),
        ("title: [t\n", ":2: not YAML: "),
        (LINES, ":1: title: Field required"),
        ("title: t\n", ":1: scenario: a scenario has one of lines, recording and replay, not none"),
        (f"title: t\n{LINES}    anwser: x\n", ":5: lines.0.anwser: there is no such field"),
        (f"title: t\n{LINES}    answer: x\n", ":5: answer: given twice"),
        (f"title: t\n{LINES}recording: a.wav\n", ":1: scenario: a scenario has one of"),
        (f"title: t\n{LINES}    press: '1'\n", ":3: lines.0: a line has exactly one of say, wav,"),
        (f"title: t\n{LINES}    answered: false\n", ":3: lines.0: 'answer' expects an answer"),
        (f"title: t\n{LINES}    arguments: {{a: 1}}\n", ":3: lines.0: 'arguments' are expected of"),
        (f"title: t\n{LINES}    interrupted: true\n", ":3: lines.0: 'interrupted' is expected of"),
        (
            f"title: t\n{LINES}    within_secs: -1\n",
            ":5: lines.0.within_secs: Input should be greater",
        ),
        (f"title: t\n{LINES}    after: later\n", ":5: lines.0.after: Input should be"),
        (f"title: t\n{LINES}  - press: 12a\n", ":5: lines.1.press: String should match"),
        ("title: t\nlines:\n  - hang_up: true\n  - say: x\n", ":1: scenario: 'hang_up' ends the"),
        (f"title: t\n{LINES}faults: {{openai: []}}\n", ":1: scenario: 'faults' hit vendors"),
        (
            f"title: t\nagent: {{services: vendors}}\nfaults:\n  openai:\n"
            f"    - name: stal\n{LINES}",
            ":5: faults.openai.0.name: Input should be",
        ),
        (
            f"title: t\nagent: {{services: vendors}}\nfaults:\n  openai:\n"
            f"    - {{name: stall, afer: 3}}\n{LINES}",
            ":5: faults.openai.0: a fault has no field 'afer'",
        ),
        (
            f"title: t\n{LINES}expect:\n  said: [Hello you]\n  never_said: [hello]\n",
            ":5: expect: 'hello' must never be said",
        ),
        (
            f"title: t\nagent: {{factory: 'a:b', greeting: x}}\n{LINES}",
            ":2: agent: 'greeting' is for the order desk",
        ),
        (
            f"title: t\ncaller: {{noise: babble}}\n{LINES}",
            ":2: caller: 'noise' needs to know how loud",
        ),
        (
            f"title: t\ncaller: {{language: klingon}}\n{LINES}",
            ":2: caller.language: 'klingon' is no language",
        ),
        (
            f"title: t\n{LINES}expect:\n  redacted: [HELLO]\n",
            ":1: scenario: 'HELLO' must be redacted, but line 1 says it",
        ),
        (
            f"title: t\ncaller:\n  network: {{loss: 2}}\n{LINES}",
            ":3: caller.network.loss: Input should be less than",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_and_field(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "call.yaml"
    path.write_text(text)

    with pytest.raises(ScenarioError) as error:
        load_scenario(path)

    assert str(error.value).startswith(f"{path}{told}")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"cannot read .*: No such file"):
        load_scenario(tmp_path / "none.yaml")
