"""`antiphon serve` chooses its event loop, and says what it lacks."""

import asyncio
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from antiphon.pipeline.cli.command import app
from antiphon.pipeline.server.process.loop import run


def test_the_server_runs_on_uvloop() -> None:
    async def loop() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert run(loop()) == "uvloop"


STUBBORN = """
import asyncio
from antiphon.pipeline.server.process.loop import run

async def stubborn():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def main():
    global task
    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    return "over"

print(run(main()))
"""


def test_the_process_ends_although_a_task_does_not() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", STUBBORN], capture_output=True, text=True, timeout=15, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "over\n")


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "antiphon.pipeline.server.process.loop", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn.loops.auto", None)
    result = CliRunner().invoke(app, ["serve"])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("antiphon serve: ")
    assert line.endswith("pip install 'antiphon[server]'")
