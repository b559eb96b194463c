"""Whisker and Tail watch a call of ours, as they watch any of Pipecat's."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
import websockets

from antiphon.pipeline import VoiceAgent
from antiphon.transports import MemoryTransport

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
# Both ask for an older websockets than the one that we are tested with, which they work with.
PACKAGES = ("pipecat-ai-whisker==2.0.1", "pipecat-ai-tail==0.0.5", "msgpack", "aiofiles")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(tmp_path)]
    subprocess.run([*pip, *PACKAGES], check=True)
    monkeypatch.syspath_prepend(tmp_path)


async def watches(port: int) -> list[str | bytes]:
    messages: list[str | bytes] = []
    while True:
        try:
            async with websockets.connect(f"ws://localhost:{port}") as tool:
                async for message in tool:
                    messages.append(message)
                return messages
        except OSError:
            await asyncio.sleep(0.05)


async def test_whisker_and_tail_watch_a_call(
    installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPECAT_SETUP_FILES", str(ROOT / "examples/watched.py"))
    tools = [asyncio.create_task(watches(port)) for port in (9090, 9292)]
    transport = MemoryTransport()
    call = asyncio.create_task(VoiceAgent(greeting="Good morning.").run(transport))
    await transport.connect()
    await asyncio.sleep(3)
    await transport.disconnect()
    await call
    whisker, tail = await asyncio.gather(*tools)
    assert b"TTSSpeakFrame" in b"".join(each for each in whisker if isinstance(each, bytes))
    told = [json.loads(each) for each in tail]
    words = [each["data"]["text"] for each in told if each["type"] == "bot-tts-text"]
    assert words == ["Good", "morning."]
