"""The command shows each chunk with its time and its delay."""

import io
import sys

import pytest

from antiphon.processors.sentences.__main__ import main


def test_the_chunks_of_standard_input_are_shown_with_their_delay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sentences", "--whole", "--tokens-per-second", "10"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("It is $3.50. Good."))
    main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("ms")[2].strip() for line in lines] == ["It is $3.50.", "Good."]
    assert [line.split("ms")[1].strip() for line in lines] == ["+ 100", "+   0"]


def test_a_rate_that_cannot_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["sentences", "--tokens-per-second", "0", "Hi."])
    with pytest.raises(SystemExit):
        main()
    assert "--tokens-per-second 0" in capsys.readouterr().err
