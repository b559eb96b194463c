"""A real browser on the real command, with a spoken WAV as its microphone."""

import asyncio
import re
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soxr
from antiphon.simulation.audio import SAMPLE_RATE_HZ
from antiphon.simulation.caller import EspeakVoice
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

ARTEFACTS = Path(__file__).parents[3] / "test-artefacts" / "talk"
WAV_RATE_HZ = 48_000
SAYING = [
    (8.0, "what are your opening hours"),
    (13.0, "stop please"),
    (17.5, "my order number is four two one seven"),
]


@dataclass
class Server:
    """`antiphon talk` in a process of its own."""

    process: subprocess.Popen[str]
    url: str

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """As when the network goes away: nothing is answered, nothing is said."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-m", "antiphon.pipeline", "talk", "--no-open", "--port=0", *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = re.search(r"http://\S+", process.stdout.readline())
        assert said is not None
        yield Server(process, said[0])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


def launch(playwright: Playwright, *switches: str) -> Browser:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "the browser tests need Chromium: apt-get install chromium"
    return playwright.chromium.launch(
        executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", *switches]
    )


@pytest.fixture(scope="module")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone hears `SAYING`, from the moment it is opened."""
    wav = tmp_path_factory.mktemp("caller") / "caller.wav"
    write_caller(wav)
    running = launch(
        playwright,
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={wav}%noloop",
    )
    yield running
    running.close()


def write_caller(path: Path) -> None:
    samples = np.zeros(WAV_RATE_HZ * 40, dtype=np.int16)
    voice = EspeakVoice("en-us+f2")
    for at_secs, text in SAYING:
        spoken = asyncio.run(voice.speak(text))
        line = soxr.resample(spoken, SAMPLE_RATE_HZ, WAV_RATE_HZ).astype(np.int16)
        start = round(at_secs * WAV_RATE_HZ)
        samples[start : start + len(line)] = line
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, WAV_RATE_HZ, 0, "NONE", "not compressed"))
        file.writeframes(samples.tobytes())


Opener = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Opener]:
    """Open the page as a person's browser would; without a permission unless it is granted."""
    contexts = []

    def opened(*, microphone: bool = True, **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type]
        contexts.append(context)
        if microphone:
            context.grant_permissions(["microphone"])
        page = context.new_page()
        page.goto(server.url)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def screenshot() -> Callable[[Page, str], None]:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=ARTEFACTS / f"{name}.png")

    return take
