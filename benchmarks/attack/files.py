"""What the commands leave on a disk that others use too: nobody else may read a call."""

import os
import stat
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from rows import Row
from servers import run_process

__all__ = ["files"]

DEMO_SECS = 9.0
"""Then Ctrl-C ends the demo, which still writes what there is of the call."""


async def files(*, quick: bool) -> AsyncIterator[Row]:
    """Run the commands under the usual umask, and look at what is there."""
    before = os.umask(0o022)
    try:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "report"
            arguments = ["-m", "antiphon", "simulate", str(_scenario()), "--report"]
            await run_process([*arguments, str(out)], within=60)
            yield _row("antiphon simulate --report", out)
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "demo-out"
            arguments = ["-m", "antiphon", "demo", "--out", str(out)]
            await run_process(arguments, within=40, interrupt_after=DEMO_SECS)
            yield _row("antiphon demo", out)
    finally:
        os.umask(before)


def _scenario() -> Path:
    from antiphon.simulation import scenarios

    return next(Path(scenarios.__path__[0]).rglob("happy_path.yaml"))


def _row(command: str, out: Path) -> Row:
    written = [path for path in out.rglob("*") if path.is_file()]
    open_ = sorted(path.name for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077)
    return Row(
        fact="10 files",
        done=f"{command}: {len(written)} files",
        seen=f"{len(open_)} for all to read: {', '.join(open_[:5])}",
        wanted="some files, 0 for all to read",
        ok=bool(written) and not open_,
    )
