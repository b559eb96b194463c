import pytest

from antiphon.pipeline.cli.doctor import library_findings


def test_a_preference_that_means_nothing_is_told_before_all_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTIPHON_EMBEDDED", "wrong")

    first = next(library_findings())

    assert first.good is False
    assert "ANTIPHON_EMBEDDED='wrong' means nothing" in first.detail
