"""The command shows what it hides and why."""

import io

import pytest

from antiphon.processors.redaction.__main__ import main


def test_lines_are_redacted_in_turn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["redaction"])
    monkeypatch.setattr("sys.stdin", io.StringIO("agent: what's the cvv?\none two three\n"))

    main()

    assert capsys.readouterr().out.splitlines() == [
        "agent: what's the cvv?",
        "<CVV>",
        "    CVV 0-13 'one two three': asked",
    ]
