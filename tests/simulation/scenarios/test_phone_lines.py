"""Thirty calls through each vendor's own door: 8 kHz, 1 % loss, 40 ms of jitter, Telnyx's swaps."""

from pathlib import Path
from typing import Any

import pytest

# Virtual time is the time of what has been imported when it begins, and a signature has a time.
import antiphon.pipeline.server.doors.plivo
import antiphon.pipeline.server.doors.telnyx
import antiphon.pipeline.server.doors.twilio  # noqa: F401
from antiphon.pipeline.server.calls import Calls
from antiphon.simulation.scenarios.by_phone import on_a_poor_line
from antiphon.simulation.scenarios.loading import SHIPPED, load_scenario
from antiphon.simulation.scenarios.play import Played, Transport, play
from antiphon.simulation.virtual_time import run_virtual

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

VENDORS: list[Transport] = ["twilio", "telnyx", "plivo"]

# Under music or keys at 20 dB the embedded recogniser loses digits of a spoken number at 8 kHz, and
# of an echo it makes words that the agent has not said.
NOT_BY_PHONE = {"echo", "hold_music", "keyboard"}
SCENARIOS = [
    *(path for path in sorted(SHIPPED.glob("*.yaml")) if path.stem not in NOT_BY_PHONE),
    *sorted((Path(__file__).parent / "phone").glob("*.yaml")),
]
# What is told apart by vendor is held by tests of their doors; this one swaps what it sends.
SAMPLE = ("keys_ten", "telnyx")


def calls(path: Path, vendor: Transport, monkeypatch: pytest.MonkeyPatch) -> tuple[Played, Any]:
    """Play a scenario, and tell what the door dropped of its messages."""
    dropped: dict[str, int] = {}
    run = Calls.run

    async def watched(self: Calls, transport: Any, **kwargs: Any) -> Any:
        try:
            return await run(self, transport, **kwargs)
        finally:
            dropped.update(transport.dropped)

    monkeypatch.setattr(Calls, "run", watched)
    scenario = on_a_poor_line(load_scenario(path), vendor)
    return run_virtual(play(scenario, transport=vendor)), dropped


def test_there_are_thirty_of_them_or_more() -> None:
    assert len(SCENARIOS) >= 30


@pytest.mark.parametrize(
    ("path", "vendor"),
    [
        pytest.param(
            path,
            vendor,
            id=f"{path.stem}-{vendor}",
            marks=() if (path.stem, vendor) == SAMPLE else pytest.mark.system,
        )
        for vendor in VENDORS
        for path in SCENARIOS
    ],
)
def test_a_call_over_a_poor_line_goes_as_it_should(
    path: Path, vendor: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    played, dropped = calls(path, vendor, monkeypatch)
    assert (played.differences, played.unjudged, dropped) == ([], [], {})
