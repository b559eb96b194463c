"""`/latency` and `/metrics` of a process that has no server of its own: for `antiphon watch`."""

import asyncio
import json

from antiphon.processors.latency.core.stats import PROCESS, LatencyStats
from antiphon.processors.latency.live import snapshot

__all__ = ["serve_latency"]

_REQUEST_SECS = 5.0
_MAX_HEADER_BYTES = 8192


async def serve_latency(
    *, host: str = "127.0.0.1", port: int = 9464, stats: LatencyStats = PROCESS
) -> asyncio.Server:
    """Answer `GET /latency` with a JSON snapshot, and `GET /metrics` for Prometheus.

    Not a web server: one request a connection, no TLS, no authentication. Leave it on loopback.

    Args:
        host: The address to listen on.
        port: The port to listen on; 0 for any.
        stats: The statistics to serve.

    Returns:
        The server, to be closed by whoever called.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_SECS):
                request = await reader.readline()
                while (await reader.readline()).strip():
                    pass
                status, kind, body = _page(request.split(b" ")[1:2], stats)
                writer.write(
                    f"HTTP/1.0 {status}\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (TimeoutError, ValueError, ConnectionError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(answer, host, port, limit=_MAX_HEADER_BYTES)


def _page(path: list[bytes], stats: LatencyStats) -> tuple[str, str, bytes]:
    if path == [b"/latency"]:
        return "200 OK", "application/json", json.dumps(snapshot(stats)).encode()
    if path == [b"/metrics"]:
        try:
            from antiphon.processors.latency.export.prometheus import prometheus_text
        except ImportError:
            return "501 Not Implemented", "text/plain", b"pip install 'antiphon[metrics]'\n"
        return "200 OK", "text/plain; version=0.0.4; charset=utf-8", prometheus_text(stats=stats)
    return "404 Not Found", "text/plain", b"/latency or /metrics\n"
