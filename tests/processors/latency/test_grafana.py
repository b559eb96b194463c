"""The dashboard and the alert rules work on a real Prometheus that scrapes real calls.

Needs the `prometheus` binary (`apt-get install prometheus`), so it runs only when asked for:
`make test-system`.
"""

import asyncio
import json
import re
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from antiphon.processors.latency import serve_latency
from antiphon.processors.latency.core.stats import LatencyStats
from antiphon.processors.latency.export.prometheus import LatencyCollector
from antiphon.processors.redaction import RedactionCollector

GRAFANA = Path(__file__).parents[3] / "deploy" / "grafana"
DASHBOARD = json.loads((GRAFANA / "latency.json").read_text())
QUERIES = [
    target["expr"].replace("$__rate_interval", "1m")
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
]


def test_every_query_asks_for_metrics_that_are_exported() -> None:
    collectors = (LatencyCollector(stats=LatencyStats()), RedactionCollector())
    exported = {metric.name for collector in collectors for metric in collector.collect()}
    rules = (GRAFANA / "alerts.yml").read_text()
    for query in [*QUERIES, rules]:
        for name in re.findall(r"antiphon_\w+", query):
            assert re.sub(r"_(bucket|sum|count|total)$", "", name) in exported


@pytest.fixture
async def prometheus(tmp_path: Path) -> AsyncIterator[tuple[str, LatencyStats]]:
    """Run a Prometheus that scrapes this process each second, with the shipped rules."""
    stats = LatencyStats()
    server = await serve_latency(port=0, stats=stats)
    target = server.sockets[0].getsockname()[1]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(GRAFANA / "alerts.yml")],
        "scrape_configs": [
            {"job_name": "antiphon", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
        ],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))
    process = subprocess.Popen(  # noqa: ASYNC220 (returns at once)
        [
            "prometheus",
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]
    )
    try:
        yield f"http://127.0.0.1:{port}", stats
    finally:
        process.terminate()
        process.wait(timeout=20)
        server.close()


async def ask(url: str) -> Any:
    def get() -> Any:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]

    for _ in range(60):
        try:
            return await asyncio.to_thread(get)
        except OSError:
            await asyncio.sleep(0.5)
    raise TimeoutError(url)


@pytest.mark.system
async def test_every_panel_shows_the_calls_that_were_made(
    prometheus: tuple[str, LatencyStats], run_call: Any, delays: Any
) -> None:
    url, stats = prometheus

    async def scene(call: Any) -> None:
        await call.speak(0.5)
        await asyncio.sleep(1.6)
        await call.speak(0.5)
        await asyncio.sleep(4)

    await ask(f"{url}/api/v1/status/buildinfo")
    # A rate needs a counter that was seen before it grew.
    await run_call(scene, process=stats)
    await asyncio.sleep(2)
    delays.llm = 3.0
    shown: dict[str, Any] = {}

    async def watch_calls(call: Any) -> None:
        await scene(call)
        await asyncio.sleep(2)
        for query in QUERIES:
            encoded = urllib.parse.urlencode({"query": query})
            shown[query] = (await ask(f"{url}/api/v1/query?{encoded}"))["result"]

    await run_call(watch_calls, delays, process=stats)
    assert [query for query, result in shown.items() if not result] == []
    assert float(shown["sum(antiphon_latency_calls)"][0]["value"][1]) == 1

    rules = (await ask(f"{url}/api/v1/rules"))["groups"][0]["rules"]
    assert len(rules) == 5
    assert {rule["health"] for rule in rules} == {"ok"}
