"""Whatever a service calls a language has one name here, and what is none has none."""

import pytest
from pipecat.transcriptions.language import Language

from antiphon.core.language_tags import CODES, language_of


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        (Language.ES_MX, "es"),
        ("es-419", "es"),
        ("ES_mx", "es"),
        ("spa", "es"),
        (" Spanish ", "es"),
        ("cmn-Hans-CN", "zh"),
        ("zh-TW", "zh"),
        ("iw", "he"),
        ("multi", ""),
        ("auto", ""),
        ("und", ""),
        ("xx", ""),
        ("", ""),
        ("-", ""),
        (None, ""),
        (b"es", ""),
        (["es", "en"], ""),
        (7, ""),
    ],
)
def test_a_tag_of_any_form_is_one_code_or_none(tag: object, code: str) -> None:
    assert language_of(tag) == code


def test_every_language_of_pipecats_is_known_by_its_code() -> None:
    short = {str(language.value) for language in Language if len(str(language.value)) == 2}
    assert {code for code in short if not language_of(code)} == set()
    assert short - CODES == {"jw", "nb", "nn"}
