"""Pipecat's JavaScript client talks to the bot file in Pipecat's runner, in a real browser.

The page is that of `antiphon talk`, which has that client in it: the runner's own loads a part of
itself from the internet. Only where it sends its offer is another.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, Route, expect, sync_playwright

from ..server.conftest import answers, free_port
from .test_page import ROOT, launch_with_caller, press, serving, write_caller

pytestmark = pytest.mark.system


@pytest.fixture
def runner() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, str(ROOT / "examples/bot.py"), "-t", "webrtc", "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    address = f"http://localhost:{port}"
    asyncio.run(answers(f"{address}/status", 200))
    yield address
    process.kill()
    process.wait()


@pytest.fixture
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


def test_a_person_in_a_browser_is_heard_and_answered(
    runner: str, playwright: Playwright, tmp_path: Path
) -> None:
    def to_the_runner(route: Route) -> None:
        route.fulfill(response=route.fetch(url=f"{runner}/api/offer"))

    wav = tmp_path / "caller.wav"
    write_caller(wav, [(8.0, "my order number is four two one seven")], length_secs=30)
    browser = launch_with_caller(playwright, wav, again=False)
    with serving() as server:
        page = browser.new_page(permissions=["microphone"])
        page.route(re.compile("/offer"), to_the_runner)
        page.goto(server.url)
        press(page, "Talk")
        expect(page.locator("li.agent").first).to_contain_text("order desk.", timeout=15_000)
        expect(page.locator("li.caller .words")).to_have_text(
            "my order number is four two one seven", timeout=30_000
        )
        expect(page.locator("li.agent").last).to_contain_text("Order 4 2 1 7, is that right?")
        press(page, "Hang up")
    browser.close()
