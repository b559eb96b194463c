"""What a call-second costs, stock Pipecat's and ours, at the same time on the same core.

A host that lends its cores to others makes two runs, one after the other, differ by a fifth. Here
both servers have calls at once, few enough for both to be in time, so what the host takes it takes
from both.

    python benchmarks/calls_per_core/paired.py [--smart-turn] [--noisy] [--repeats 3]
"""

import argparse
import pickle
import statistics
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clips import background, make_clips
from run import CONFIGS, SPREAD_SECS, Config, Result, measure

SECS = 20.0

# Together two thirds to three quarters of the core.
CALLS = {
    "stock, speech timeout": 6,
    "ours, speech timeout": 40,
    "stock, Smart Turn": 5,
    "ours, Smart Turn": 16,
}


def main() -> None:
    """Print a row for each repeat, and the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smart-turn", action="store_true", help="in place of a speech timeout")
    parser.add_argument("--noisy", action="store_true", help="every caller in noise, not a third")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    kind = "Smart Turn" if options.smart_turn else "speech timeout"
    pair = [config for config in CONFIGS if config.name in (f"stock, {kind}", f"ours, {kind}")]
    with tempfile.TemporaryDirectory() as folder:
        voices = Path(folder) / "voices"
        said = [
            (make_clips(noisy=noisy), background(noisy=noisy)) for noisy in (options.noisy, True)
        ]
        voices.write_bytes(pickle.dumps(said))

        def run(config: Config) -> Result:
            return measure(config, CALLS[config.name], voices, secs=SECS, spread_secs=SPREAD_SECS)

        ratios = []
        print("| configuration | calls | ms/call-s | turn P50/P95 ms | late % |")
        print("|---|---|---|---|---|")
        for _ in range(options.repeats):
            with ThreadPoolExecutor(len(pair)) as both:
                stock, ours = both.map(run, pair)
            for result in (stock, ours):
                print(
                    f"| {result.config} | {result.calls} | {result.cpu_ms_per_call_sec:.1f} | "
                    f"{result.turn_p50_ms:.0f}/{result.turn_p95_ms:.0f} | "
                    f"{100 * result.late_share:.1f} |"
                )
            ratios.append(stock.cpu_ms_per_call_sec / ours.cpu_ms_per_call_sec)
    spread = ", ".join(f"{ratio:.1f}" for ratio in sorted(ratios))
    print(f"\nstock takes {statistics.median(ratios):.1f} times the CPU of ours ({spread})")


if __name__ == "__main__":
    main()
