"""Told to stop before it answers, a server has cut nothing, and says so in a line."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("stage", ["importing", "loading"])
async def test_a_server_that_is_told_to_stop_before_it_answers_exits_well(
    tmp_path: Path, workers: int, told: signal.Signals, stage: str, port: int
) -> None:
    # Each makes the server wait where the signal should find it.
    (tmp_path / "slow.py").write_text(
        "import pathlib, time\npathlib.Path('reached').touch()\ntime.sleep(60)\n"
    )
    (tmp_path / "typer.py").write_text("import slow\n")
    path = tmp_path if stage == "importing" else tmp_path / "agents"
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "agent.py").write_text(
        f"import sys\nsys.path.append({str(tmp_path)!r})\nimport slow\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *["-m", "antiphon", "serve", "--agent", "agent:agent", "--port", str(port)],
        *["--workers", str(workers)],
        env={**os.environ, "PYTHONPATH": str(path)},
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    while not (tmp_path / "reached").exists():  # noqa: ASYNC110 - a file tells it
        await asyncio.sleep(0.02)
    os.killpg(process.pid, told)  # as Ctrl-C and a service manager do
    _, said = await process.communicate()
    assert process.returncode == 0
    lines: list[Any] = [json.loads(line) for line in said.splitlines()]
    assert lines[-1]["message"] == "told to stop before it answered"
    assert len(lines) <= 2
