"""An app that takes calls beside its own work, and logs as apps do: JSON files, its own patcher.

python host.py --port 8000
"""

import argparse
import json
import logging
import sys
from contextlib import suppress
from typing import Any

import agents
from fastapi import FastAPI
from loguru import logger

from antiphon.pipeline.server import ServerSettings, create_app
from antiphon.pipeline.server.drain import serve_app
from antiphon.pipeline.server.logs import log_as_json
from antiphon.pipeline.server.process.loop import run
from antiphon.processors.redaction import guard_logs

ORDINARY = (
    "GET /orders/48213 200 after 1530 ms",
    "listening on 127.0.0.1:8000, worker 20481",
    "order 4821377 packed by station 12 at 17:45",
)
"""What an app says that has nothing to do with a call."""

STANDARD = dict.fromkeys(vars(logging.makeLogRecord({})))


class JsonFile(logging.FileHandler):
    """Writes everything that a record holds, as JSON formatters do."""

    def format(self, record: logging.LogRecord) -> str:
        extra = {k: v for k, v in vars(record).items() if k not in STANDARD}
        error = logging.Formatter().formatException(record.exc_info) if record.exc_info else None
        return json.dumps({"message": record.getMessage(), "error": error, **extra}, default=str)


def patch(record: Any) -> None:
    """Mark a record as the host's, as hosts do to correlate."""
    record["extra"]["patched"] = "by the host"


def say() -> None:
    """Say what an app says."""
    for line in ORDINARY:
        logger.info(line)
        logging.getLogger("shop").warning(line)
    try:
        raise ZeroDivisionError("no stations")
    except ZeroDivisionError:
        logger.exception("stock count failed")


def name_own() -> None:
    """Say which loggers are the host's, and never speak of a call."""
    own: dict[str, Any] = {"own": ("__main__", "shop")}
    # Where there is no way to say so, the rows say what comes of it.
    with suppress(TypeError):
        guard_logs(**own)


def make_app() -> FastAPI:
    """Make the calls' app, with routes of the host's."""
    settings = ServerSettings()
    app = create_app(agents.strict, transports=["websocket"], settings=settings)

    @app.get("/say")
    async def say_route() -> None:
        say()

    @app.get("/patch")
    async def patch_route() -> None:
        logger.configure(patcher=patch)

    @app.get("/bug")
    async def buggy_route() -> None:
        raise ZeroDivisionError("a bug of the host's")

    return app


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    log_as_json(sys.stderr)
    logger.add("loguru.jsonl", serialize=True, level="TRACE", diagnose=True, backtrace=True)
    logging.getLogger().addHandler(JsonFile("logging.jsonl"))
    logger.configure(patcher=patch)
    name_own()
    run(serve_app(make_app(), host="127.0.0.1", port=port))


if __name__ == "__main__":
    main()
