"""`antiphon voices` lists a vendor's voices by the vendor's own SDK, or says in a line why not."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from antiphon.pipeline.cli.command import app

# The vendors' SDKs use what is deprecated, and leave their connections to be collected.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

KEY = "hunter2secret"

CARTESIA = {
    "data": [
        {"id": "c-1", "name": "Anna", "language": "de", "tagline": "calm\nand clear"},
        {"id": "c-2", "name": "Brian", "language": "en", "tagline": "", "description": "brisk"},
    ],
    "has_more": False,
}
DEEPGRAM = {
    "stt": [{"name": "general", "canonical_name": "nova-3"}],
    "tts": [
        {
            "name": "thalia",
            "canonical_name": "aura-2-thalia-en",
            "architecture": "aura-2",
            "languages": ["en", "en-US"],
        }
    ],
}
ELEVENLABS = {
    "": {
        "voices": [{"voice_id": "e-1", "name": "Rachel", "labels": {"accent": "american"}}],
        "has_more": True,
        "total_count": 2,
        "next_page_token": "second",
    },
    "second": {
        "voices": [{"voice_id": "e-2", "name": "Jürgen", "labels": {"language": "de"}}],
        "has_more": False,
        "total_count": 2,
    },
}


class Vendor(BaseHTTPRequestHandler):
    """Answers as the three do, to whoever has the key."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = parse_qs(asked.query)
        page = query.get("next_page_token", [""])[0]
        answers = {
            "/voices": {"data": []} if "starting_after" in query else CARTESIA,
            "/v1/models": DEEPGRAM,
            "/v2/voices": ELEVENLABS[page],
        }
        body = answers.get(asked.path.rstrip("/"))
        allowed = any(KEY in value for value in self.headers.values())
        status = 401 if not allowed else 404 if body is None else 200
        if status != 200:
            body = {"error": f"{status}\nfor {dict(self.headers)}"}
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Vendor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def only_these_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL"))]:
        monkeypatch.delenv(name)


def run(*arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(app, ["voices", *arguments])
    return result.exit_code, (result.stdout + result.stderr).splitlines()


LISTED = [
    ("cartesia", ["c-1  Anna  de, calm and clear", "c-2  Brian  en, brisk"]),
    ("deepgram", ["aura-2-thalia-en  thalia  en, en-US, aura-2"]),
    ("elevenlabs", ["e-1  Rachel  american", "e-2  Jürgen  de"]),
]


@pytest.mark.parametrize(("vendor", "lines"), LISTED)
def test_each_voice_is_a_line_with_its_id(
    url: str, monkeypatch: pytest.MonkeyPatch, vendor: str, lines: list[str]
) -> None:
    monkeypatch.setenv(f"{vendor.upper()}_API_KEY", KEY)
    assert run(vendor, "--url", url) == (0, lines)
    monkeypatch.setenv(f"{vendor.upper()}_BASE_URL", url)
    assert run(vendor) == (0, lines)


def test_voices_are_searched_by_name_language_and_description(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARTESIA_API_KEY", KEY)
    assert run("cartesia", "--url", url, "--search", "CALM") == (0, [LISTED[0][1][0]])
    code, lines = run("cartesia", "--url", url, "--search", "grumpy")
    assert (code, lines) == (1, ["antiphon voices: cartesia has no voice with 'grumpy'"])


@pytest.mark.parametrize("vendor", ["cartesia", "deepgram", "elevenlabs"])
def test_without_a_key_a_line_says_which(vendor: str) -> None:
    code, lines = run(vendor)
    assert code == 1
    (line,) = lines
    assert line.startswith(f"antiphon voices: {vendor} needs {vendor.upper()}_API_KEY: set it in")
    assert "(a key: https://" in line


@pytest.mark.parametrize("vendor", ["cartesia", "deepgram", "elevenlabs"])
def test_a_key_that_is_refused_is_told_in_a_line_without_it(
    url: str, monkeypatch: pytest.MonkeyPatch, vendor: str
) -> None:
    monkeypatch.setenv(f"{vendor.upper()}_API_KEY", "wrong-key-of-mine")
    code, lines = run(vendor, "--url", url)
    assert code == 1
    (line,) = lines
    assert line.startswith(f"antiphon voices: {vendor}: ")
    assert "401" in line
    assert "wrong-key-of-mine" not in line


def test_a_vendor_that_cannot_be_reached_is_told_in_a_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CARTESIA_API_KEY", KEY)
    code, lines = run("cartesia", "--url", "http://127.0.0.1:1")
    assert (code, len(lines)) == (1, 1)


def test_another_vendor_is_answered_with_those_there_are() -> None:
    told = (
        "antiphon voices: no voices of 'piper' here: choose one of cartesia, deepgram, "
        "elevenlabs, embedded"
    )
    assert run("piper") == (1, [told])


def test_a_missing_sdk_is_answered_with_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARTESIA_API_KEY", KEY)
    monkeypatch.setitem(sys.modules, "cartesia", None)
    code, lines = run("cartesia")
    assert code == 1
    assert lines[0].endswith("pip install 'antiphon[cartesia]'")


def test_the_embedded_voices_need_no_key() -> None:
    code, lines = run("embedded", "--search", "america")
    assert code == 0
    assert "embedded/hibari  heart  English (America), natural" in lines
    assert "embedded/en-us  English (America)  eSpeak" in lines
    assert run("embedded", "--search", "zyx")[0] == 1


def test_without_a_voice_of_ours_it_is_told_what_brings_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("antiphon.pipeline.cli.voices.find_spec", lambda _: None)
    result = CliRunner().invoke(app, ["voices", "embedded"])

    assert result.exit_code == 1
    assert "pip install 'antiphon[speech]'" in result.stderr
