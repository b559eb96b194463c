"""Helpers of the redaction tests."""

from collections.abc import Callable

import pytest

from antiphon.processors.redaction import Redactor


@pytest.fixture
def found() -> Callable[..., list[tuple[str, str]]]:
    """What a fresh redactor hides in the last of some turns: (type, text)."""

    def find(*turns: str, language: str = "en") -> list[tuple[str, str]]:
        redactor = Redactor(language=language)
        result, text = None, ""
        for turn in turns:
            role, _, text = turn.rpartition("| ")
            result = redactor.redact(text, role="agent" if role == "agent" else "user")
            assert result.failed == ""
        assert result is not None
        return [(e.type, text[e.start : e.end]) for e in result.entities]

    return find
