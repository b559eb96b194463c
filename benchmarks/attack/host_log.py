"""A host's log beside ours: its own lines as it wrote them, a call's without a trace."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from host import ORDINARY
from leaks import call_as_client, thinks
from rows import Row, traces
from servers import HERE, Server

from antiphon.simulation.vendors.openai import OpenAIServer

__all__ = ["host_log"]


async def host_log(*, quick: bool) -> AsyncIterator[Row]:
    """Let an app take a call, replace its patcher, take another, and say what it says anyway."""
    async with OpenAIServer(script=thinks) as model:
        settings: dict[str, Any] = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "k"}
        program = [str(HERE / "host.py")]
        async with Server("", program=program, **settings) as server:
            await call_as_client(server, model)
            after_call = _files(server)
            await _get(server, "/patch")
            calling = asyncio.create_task(call_as_client(server, model))
            await _until_active(server, 1)
            during = await _said(server)
            await calling
            after_patch = {k: text[len(after_call[k]) :] for k, text in _files(server).items()}
            await _until_active(server, 0)
            after = await _said(server)
            log_before = len(server.log())
            status = await _get(server, "/bug")
            await asyncio.sleep(0.5)
            told = server.log()[log_before:]
            is_told = "buggy_route" in told or "host.py" in told
    for fact, files in (("5 logs", after_call), ("5 logs, patched later", after_patch)):
        found = {name: traces(text) for name, text in files.items()}
        yield Row(
            fact=fact,
            done="a host's JSON files of loguru (TRACE, diagnose) and logging after a call",
            seen=", ".join(f"{n}: {len(f)} traces" for n, f in found.items()),
            wanted="0 traces",
            ok=not any(found.values())
            and all("looked up" in t or "find" in t for t in files.values()),
        )
    yield _own_lines("while a call runs", during)
    yield _own_lines("once calls are over", after)
    yield Row(
        fact="8 a bug's place",
        done="a route of the host's raises",
        seen=f"{status}; " + ("where is told" if is_told else "not told where"),
        wanted="500; where is told",
        ok=status == 500 and is_told,
    )


def _own_lines(when: str, said: dict[str, str]) -> Row:
    records = [json.loads(line)["record"] for line in said["loguru"].splitlines()]
    records = [record for record in records if record["name"] == "__main__"]
    standard = [json.loads(line)["message"] for line in said["logging"].splitlines()]
    messages = [record["message"] for record in records]
    whole = sum(line in messages for line in ORDINARY) + sum(line in standard for line in ORDINARY)
    patched = sum(record["extra"].get("patched") is not None for record in records)
    errors = [record["exception"] for record in records if "failed" in record["message"]]
    has_error = bool(errors) and errors[0] is not None
    count = 2 * len(ORDINARY)
    return Row(
        fact="5 the host's log",
        done=f"the host's {count} ordinary lines and an exception, {when}",
        seen=f"{whole} as written; {patched} of {len(records)} through its patcher; "
        f"exception {'kept' if has_error else 'lost'}",
        wanted=f"{count}; {len(ORDINARY) + 1} of {len(ORDINARY) + 1}; kept",
        ok=whole == count and patched == len(records) == len(ORDINARY) + 1 and has_error,
    )


async def _until_active(server: Server, count: int) -> None:
    async with asyncio.timeout(20):
        while await server.metric("antiphon_calls_active") != count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _said(server: Server) -> dict[str, str]:
    """What is added to the files while the host says what it says."""
    before = _files(server)
    await _get(server, "/say")
    return {name: text[len(before[name]) :] for name, text in _files(server).items()}


def _files(server: Server) -> dict[str, str]:
    return {
        name: (server.folder / f"{name}.jsonl").read_text("utf-8", "replace")
        for name in ("loguru", "logging")
    }


async def _get(server: Server, path: str) -> int:
    async with server.session.get(f"{server.base}{path}") as response:
        await response.read()
        status: Any = response.status
        return int(status)
