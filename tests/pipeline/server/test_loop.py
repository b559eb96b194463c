"""`antiphon serve` chooses its event loop, and says what it lacks."""

import asyncio
import sys

import pytest
from antiphon.pipeline.command import app
from antiphon.pipeline.server.loop import run
from typer.testing import CliRunner


def test_the_server_runs_on_uvloop() -> None:
    async def loop() -> str:
        return type(asyncio.get_running_loop()).__module__

    assert run(loop()) == "uvloop"


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "antiphon.pipeline.server.loop", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn.loops.auto", None)
    result = CliRunner().invoke(app, ["serve"])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("antiphon serve: ")
    assert line.endswith("pip install 'antiphon[server]'")
