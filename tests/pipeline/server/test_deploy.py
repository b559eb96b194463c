"""The topology of `deploy/compose.yaml`, run by hand: HAProxy, two workers, Prometheus."""

import asyncio
import shutil
import xml.etree.ElementTree as ElementTree
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

DEPLOY = Path(__file__).parents[3] / "deploy"


def configuration(name: str, ports: dict[str, int]) -> str:
    text = (DEPLOY / name).read_text()
    for standard, here in ports.items():
        text = text.replace(standard, f"127.0.0.1:{here}")
    return text


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[Process]:
    program = shutil.which(command[0]) or shutil.which(command[0], path="/usr/sbin")
    assert program, f"this test needs {command[0]}: apt-get install {command[0]}"
    process = await asyncio.create_subprocess_exec(
        program, *command[1:], stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def ask(prometheus: int, query: str) -> list[float]:
    url = f"http://127.0.0.1:{prometheus}/api/v1/query"
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, params={"query": query}) as response,
    ):
        found = (await response.json())["data"]["result"]
    return [float(series["value"][1]) for series in found]


@pytest.mark.system
@pytest.mark.timeout(120)
async def test_calls_through_the_proxy_are_spread_and_seen_by_prometheus(
    start_worker: Any,
    phone_to: Any,
    port: int,
    other_ports: list[int],
    prometheus_port: int,
    wait_for_answer: Any,
    tmp_path: Path,
) -> None:
    workers = ("127.0.0.1:8001", "127.0.0.1:8002")
    ports: dict[str, int] = dict(zip(workers, other_ports, strict=True))
    (tmp_path / "haproxy.cfg").write_text(configuration("haproxy.cfg", {**ports, ":8080": port}))
    scraping = configuration("prometheus.yml", ports).replace("15s", "1s")
    (tmp_path / "prometheus.yml").write_text(scraping)
    shutil.copytree(DEPLOY / "grafana", tmp_path / "grafana")
    for worker in other_ports:
        await start_worker(worker, secret="shared-by-the-workers")
    async with (
        running("haproxy", "-f", str(tmp_path / "haproxy.cfg")),
        running(
            "prometheus",
            f"--config.file={tmp_path}/prometheus.yml",
            f"--storage.tsdb.path={tmp_path}/data",
            f"--web.listen-address=127.0.0.1:{prometheus_port}",
        ),
    ):
        await wait_for_answer(f"http://127.0.0.1:{port}/nowhere", 404)
        await wait_for_answer(f"http://127.0.0.1:{prometheus_port}/-/ready", 200)
        phone = phone_to(port)
        for number in range(4):
            assert await (await phone.calls(number)).is_answered()
        active = "sum by (instance) (antiphon_calls_active)"
        while await ask(prometheus_port, active) != [2.0, 2.0]:  # noqa: ASYNC110 - it scrapes
            await asyncio.sleep(0.2)
        assert await ask(prometheus_port, "up") == [1.0, 1.0]
        await the_world_is_kept_out(port)
        await what_a_stranger_forwards_is_not_believed(phone)


async def the_world_is_kept_out(port: int) -> None:
    async with aiohttp.ClientSession() as session:
        for path in ("/metrics", "/readyz", "/healthz"):
            async with session.get(f"http://127.0.0.1:{port}{path}") as response:
                assert response.status == 403


async def what_a_stranger_forwards_is_not_believed(phone: Any) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
    response = await phone.post("/twilio/voice", {"CallSid": "CA" + "9" * 32}, **forwarded)
    stream = ElementTree.fromstring(await response.text()).find("./Connect/Stream")
    assert stream is not None
    assert stream.attrib["url"].startswith("ws://")
