"""What capabilities know of one another without importing one another."""

from typing import Any

import pytest
from pipecat.observers.base_observer import BaseObserver

from antiphon.core.protocols import AudioHandler, TelephoneTransport, observes_microphone
from antiphon.transports import create_transport


class Line:
    """A transport of somebody else's, which offers what a telephone offers."""

    line_rate_hz = 8000

    def add_event_handler(self, event_name: str, handler: Any) -> None:
        """Tell nothing."""

    def use_fast_path(self, *, on_audio: AudioHandler, packet_ms: int) -> None:
        """Do as ever."""


class Declining(BaseObserver):
    """Wants nothing of the microphone."""

    observes_microphone = False


def test_a_telephone_is_known_by_what_it_offers_and_not_by_its_class() -> None:
    assert isinstance(Line(), TelephoneTransport)
    assert not isinstance(create_transport("memory"), TelephoneTransport)


@pytest.mark.parametrize(
    ("observer", "observes"), [(None, False), (Declining(), False), (BaseObserver(), True)]
)
def test_an_observer_that_does_not_decline_observes_the_microphone(
    observer: BaseObserver | None, observes: bool
) -> None:
    assert observes_microphone(observer) is observes
