"""`antiphon watch` shows live calls, and says so when there is nobody to ask."""

from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from antiphon.pipeline.cli.watch import render, watch

NOTHING = {"count": 0, "p50": None, "p95": None, "p99": None}

CALL: dict[str, Any] = {
    "call_id": "CA123",
    "transport": "twilio",
    "seconds": 61.2,
    "turns": 7,
    "waiting": True,
    "ttfa": {"count": 7, "p50": 0.81, "p95": 1.402, "p99": 1.5},
    "last_secs": 1.402,
    "last_stage": "llm_inference",
    "last_owner": "OpenAILLMService#0",
    "last_stage_secs": 0.9,
    "barge_ins": 2,
    "stalls": {"no_first_token": 1},
    "dollars": 0.0,
}


def shown(*calls: dict[str, Any], width: int = 160) -> str:
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    with console.file:
        console.print(
            render(
                {
                    "calls": list(calls),
                    "process": {
                        "ttfa": {"count": 9, "p50": 0.8, "p95": 1.4, "p99": 1.5},
                        "ttfa_5_min": NOTHING,
                        "barge_in": NOTHING,
                        "counts": [
                            {"what": "barge_ins", "kind": "", "owner": "", "number": 2},
                            {"what": "stalls", "kind": "x", "owner": "", "number": 3},
                        ],
                    },
                    "loop_lag": {"p95": 0.002, "max": 0.31},
                }
            )
        )
        return console.export_text()


def test_a_call_is_a_row_with_its_percentiles_and_the_stage_at_fault() -> None:
    text = shown(CALL)
    for part in (
        "CA123",
        "twilio",
        "810 ms",
        "1402 ms",
        "llm_inference 900 ms",
        "no_first_token 1",
    ):
        assert part in text


def test_a_call_that_follows_a_flow_is_shown_with_its_node() -> None:
    text = shown({**CALL, "node": "terms"})
    assert "terms  llm_inference 900 ms" in text


def test_everything_is_there_in_a_terminal_of_80_columns() -> None:
    long = {
        "call_id": "CA" + "0123456789abcdef" * 2,
        "transport": "websocket",
        "seconds": 3599.0,
        "turns": 104,
        "ttfa": {"count": 104, "p50": 10.81, "p95": 12.402, "p99": 13.5},
        "last_secs": 11.402,
        "last_stage": "sentence_aggregation",
        "stalls": {"transcript_missing": 12, "audio_underrun": 3},
        "barge_ins": 37,
    }
    text = shown(CALL, CALL | long, width=80)
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    for part in (
        "call transport time turns P50 P95 last barge-ins",
        "CA123 twilio 61 s 7 810 ms 1402 ms 1402 ms 2",
        "llm_inference 900 ms OpenAILLMService#0 no_first_token 1",
        "websocket 3599 s 104 10810 ms 12402 ms 11402 ms 37",
        "sentence_aggregation 900 ms OpenAILLMService#0 transcript_missing 12, audio_underrun 3",
    ):
        assert part in words, part


def test_the_id_of_a_call_is_shown_as_it_is() -> None:
    assert "a[/]b[red]" in shown(CALL | {"call_id": "a[/]b[red]"})


def test_the_process_is_told_above_its_calls() -> None:
    text = shown()
    for part in ("0 calls", "P50 – P95 –", "P50 800 ms", "barge-ins 2", "stalls 3", "max 310 ms"):
        assert part in text


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/latency", "http://127.0.0.1:9"])
def test_a_process_that_is_not_there_is_reported_and_no_traceback(url: str) -> None:
    app = typer.Typer()
    app.command()(watch)
    result = CliRunner().invoke(app, [url, "--once"])
    assert result.exit_code == 0
    assert "http://127.0.0.1:9/latency" in result.output


@pytest.mark.parametrize("url", ["file:///etc/passwd", "latency"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(typer.BadParameter, match="not an http"):
        watch(url)
