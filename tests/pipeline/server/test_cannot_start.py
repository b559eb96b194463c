"""A server that cannot start says why in a line and exits, however many workers it has."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from antiphon.pipeline.server.process.listening import CannotListenError, bind

SECRET = "hunter2secret"

COLD = f"""
class Agent:
    def worker(self, transport): ...
    async def warm_up(self): raise RuntimeError("{SECRET}")
agent = Agent()
"""


@pytest.mark.parametrize(
    ("source", "workers", "told"),
    [
        (f"raise RuntimeError('{SECRET}')", 1, "RuntimeError at "),
        pytest.param(COLD, 1, "cannot get ready: RuntimeError at ", marks=pytest.mark.system),
        pytest.param(COLD, 2, "cannot get ready: RuntimeError at ", marks=pytest.mark.system),
        pytest.param(
            "import os\nos._exit(9)", 2, "died with 9 before it answered", marks=pytest.mark.system
        ),
    ],
)
async def test_an_agent_that_fails_ends_the_server_with_a_line(
    tmp_path: Path, source: str, workers: int, told: str, port: int
) -> None:
    (tmp_path / "agent.py").write_text(source)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *["-m", "antiphon", "serve", "--agent", "agent:agent", "--port", str(port)],
        *["--workers", str(workers)],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    text = said.decode()
    assert process.returncode == 2
    assert any(told in line for line in text.splitlines())
    assert "answering on" not in text
    assert "Traceback" not in text
    assert SECRET not in text


async def test_browsers_are_not_spread_over_workers() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *["-m", "antiphon", "serve", "--transport", "webrtc", "--workers", "2"],
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert "webrtc takes one process" in said.decode()


@pytest.mark.parametrize("host", ["ä..x", "a\0b", "a" * 300])
def test_a_host_that_is_no_name_is_told(host: str) -> None:
    with pytest.raises(CannotListenError, match="cannot listen on "):
        bind(host, 0)
