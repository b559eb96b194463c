import pytest

from antiphon.processors.latency.core.given_speech import GivenSpeech


@pytest.mark.parametrize(("goes_on", "broke_off"), [(False, True), (True, False)])
def test_a_voice_that_fails_has_broken_off_unless_it_goes_on(
    goes_on: bool, broke_off: bool
) -> None:
    given = GivenSpeech()
    given.announced("It is open from nine.")
    given.began()
    given.sounded(2.0)
    given.failed()
    if goes_on:
        given.sounded(1.0)
    assert given.ended() is broke_off


def test_what_failed_once_does_not_count_for_what_is_said_next() -> None:
    given = GivenSpeech()
    given.failed()
    given.began()
    given.sounded(1.0)
    assert not given.ended()
