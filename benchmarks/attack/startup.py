"""A server that cannot start, or is told to stop before it has: what it says, and how it ends."""

import asyncio
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from rows import Row
from servers import end, ends, free_port, is_info, run_process, spawn

__all__ = ["startup"]

SERVE = ["-m", "antiphon", "serve", "--transport", "websocket", "--agent", "agents:drone"]
SECRET = "hunter2secret"
STOPS_SECS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5)


async def startup(*, quick: bool) -> AsyncIterator[Row]:
    """Start servers that cannot, and stop one early."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for workers in (1, 2):
            arguments = [*SERVE, "--port", str(port), "--workers", str(workers)]
            code, told = await run_process(arguments, within=30)
            yield _refusal(f"a port in use, {workers} worker(s)", code, told, str(port), "port")
    code, told = await run_process(SERVE, within=30, ANTIPHON_SECRET=SECRET)
    row = _refusal("ANTIPHON_SECRET that is too short", code, told, "secret", "variable")
    yield Row(
        fact=row.fact,
        done=row.done,
        seen=f"{row.seen}; the secret is {'printed' if SECRET in told else 'not printed'}",
        wanted=f"{row.wanted}; not printed",
        ok=row.ok and SECRET not in told,
    )
    yield await _stopped_early(STOPS_SECS[::3] if quick else STOPS_SECS)


def _refusal(done: str, code: int | None, told: str, about: str, what: str) -> Row:
    lines = [line for line in told.splitlines() if line.strip()]
    says = [line for line in lines if not is_info(line)]
    has_traceback = "Traceback" in told
    is_about = about.lower() in " ".join(says).lower()
    return Row(
        fact="8 start",
        done=done,
        seen=f"exit {code}, {len(says)} lines"
        + (", a traceback" if has_traceback else "")
        + (", withheld" if "withheld" in told else "")
        + ("" if is_about else f", nothing of the {what}"),
        wanted="exit 1 or 2, one line that says which",
        ok=code in (1, 2)
        and len(says) == 1
        and not has_traceback
        and "withheld" not in told
        and is_about,
    )


async def _stopped_early(after: tuple[float, ...]) -> Row:
    began = time.monotonic()
    await run_process(["-c", "import antiphon"], within=20)
    boot_secs = time.monotonic() - began
    codes: dict[float, int | None] = {}
    for secs in after:
        codes[secs] = await _exit_after(secs)
    # Until the interpreter runs, and for as long again, no program can take a signal.
    judged = {secs: code for secs, code in codes.items() if secs > 2 * boot_secs}
    return Row(
        fact="10 SIGTERM",
        done=f"{', '.join(f'{s:g}' for s in after)} s after the start",
        seen=", ".join(f"{code}" for code in codes.values()),
        wanted=f"0 from {2 * boot_secs:.2f} s on, twice what Python itself takes to start",
        ok=bool(judged) and all(code == 0 for code in judged.values()),
    )


async def _exit_after(secs: float) -> int | None:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        arguments = [*SERVE, "--port", str(free_port())]
        process = spawn(arguments, stderr=log, folder=Path(folder))
        try:
            await asyncio.sleep(secs)
            process.send_signal(signal.SIGTERM)
            return await ends(process, within=20)
        finally:
            end(process)
