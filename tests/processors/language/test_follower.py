"""Each transcript leaves with its language, and who speaks is told once when it changes."""

from typing import Any

import pytest
from pipecat.frames.frames import (
    EagerTranscriptionFrame,
    Frame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    TTSUpdateSettingsFrame,
)
from pipecat.tests.utils import run_test
from pipecat.transcriptions.language import Language

from antiphon.processors import LanguageFollower

pytestmark = pytest.mark.looptime
SPANISH = "Hola, quiero saber dónde está mi pedido"


def said(text: str, tag: Any = None, kind: type[Any] = TranscriptionFrame) -> Any:
    frame = kind(text, "caller", "now")
    frame.language = tag
    return frame


async def follow(follower: LanguageFollower, *frames: Frame) -> list[Frame]:
    down, _ = await run_test(follower, frames_to_send=list(frames))
    return [*down]


def languages(frames: list[Frame]) -> list[Any]:
    return [getattr(frame, "language", None) for frame in frames if hasattr(frame, "language")]


async def test_the_voice_is_told_before_the_transcript_that_changed_the_language() -> None:
    follower = LanguageFollower(languages=["en", "es-MX"], voices={"es": "lucia"})
    told: list[str] = []
    follower.add_event_handler("on_language", lambda _, code: told.append(code))
    out = await follow(follower, said("Hello there"), said(SPANISH), said(SPANISH))
    assert [type(frame) for frame in out] == [
        TranscriptionFrame,
        TTSUpdateSettingsFrame,
        TranscriptionFrame,
        TranscriptionFrame,
    ]
    update = out[1]
    assert isinstance(update, TTSUpdateSettingsFrame)
    assert update.delta is not None
    assert (update.delta.language, update.delta.voice) == ("es-MX", "lucia")
    assert languages(out) == [Language.EN, Language.ES, Language.ES]
    assert told == ["es"]
    assert follower.language == "es"


@pytest.mark.parametrize("tag", ["multi", "", b"es", 3, ["es"], "es", "xx-YY", Language.CY])
async def test_a_wrong_tag_does_not_leave_it(tag: Any) -> None:
    frame = said("I would like to know where my order is", tag)
    out = await follow(LanguageFollower(languages=["en", "es"]), frame)
    assert languages(out) == [Language.EN]


async def test_a_region_that_the_stt_knows_is_kept() -> None:
    out = await follow(LanguageFollower(), said(SPANISH, Language.ES_AR))
    assert [type(frame) for frame in out] == [TTSUpdateSettingsFrame, TranscriptionFrame]
    assert languages(out) == [Language.ES_AR]


async def test_what_is_not_final_has_a_language_and_changes_none() -> None:
    follower = LanguageFollower(languages=["en", "es"])
    out = await follow(follower, said(SPANISH, kind=InterimTranscriptionFrame))
    assert languages(out) == [Language.ES]
    assert follower.language == "en"


async def test_a_prediction_is_followed_at_once_for_its_answer_is_spoken() -> None:
    follower = LanguageFollower(languages=["en", "es"])
    out = await follow(follower, said(SPANISH, kind=EagerTranscriptionFrame))
    assert [type(frame) for frame in out] == [TTSUpdateSettingsFrame, EagerTranscriptionFrame]


@pytest.mark.parametrize("code", ["klingon", "", "xx"])
def test_what_is_no_language_is_refused_by_name(code: str) -> None:
    with pytest.raises(ValueError, match=f"'{code}' is no language"):
        LanguageFollower(languages=["en", code])
    with pytest.raises(ValueError, match="voices has 'fr'"):
        LanguageFollower(languages=["en"], voices={"fr": "amelie"})


@pytest.mark.parametrize("given", ["es", {"en", "es"}, None])
def test_what_is_no_list_of_languages_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match="give a list of codes"):
        LanguageFollower(languages=given)


async def test_of_two_regions_of_a_language_the_first_is_spoken() -> None:
    follower = LanguageFollower(languages=["en", "es-MX", "es-ES"])
    out = await follow(follower, said(SPANISH))
    assert isinstance(out[0], TTSUpdateSettingsFrame)
    assert out[0].delta is not None
    assert out[0].delta.language == "es-MX"
