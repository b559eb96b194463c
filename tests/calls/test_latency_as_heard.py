"""The server's figures are those that the callers measure at their phones."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from antiphon.simulation.virtual_time import run_virtual

AS_HEARD = Path(__file__).parents[2] / "benchmarks/latency/as_heard.py"
compare = runpy.run_path(str(AS_HEARD))["compare"]


@pytest.mark.system
def test_waits_and_barge_ins_are_as_long_as_at_the_phone() -> None:
    callers, server = run_virtual(compare(calls=2, secs=50, seed=3))
    for name in ("ttfa", "barge_in"):
        theirs, ours = getattr(callers, name), getattr(server, name)
        assert len(theirs) >= 4
        for quantile in (50, 95):
            difference = np.percentile(ours, quantile) - np.percentile(theirs, quantile)
            assert difference == pytest.approx(0, abs=0.03), (name, quantile)
