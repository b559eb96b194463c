import numpy as np
import pytest

from antiphon.simulation.audio import SAMPLE_RATE_HZ, spans_of_speech
from antiphon.simulation.caller.voice import UnknownVoice, voice_of


@pytest.mark.parametrize("name", ["hibari", "en-us+f2"])
async def test_a_voice_speaks_by_its_name(name: str) -> None:
    samples = await voice_of(name, language="en").speak("Where is my order?")

    (speech,) = spans_of_speech(samples, SAMPLE_RATE_HZ, join_secs=0.6)
    assert 0.7 < speech.end_secs - speech.start_secs < 2
    assert np.abs(samples).max() > 3_000


def test_hibari_is_refused_another_language() -> None:
    with pytest.raises(UnknownVoice, match="hibari speaks no 'es-MX'"):
        voice_of("hibari", language="es-MX")
