"""`/latency` and `/metrics` of a process that has no server of its own: for `antiphon watch`."""

import asyncio

from aiohttp import web

from antiphon.processors.latency.core.stats import PROCESS, LatencyStats
from antiphon.processors.latency.live import snapshot

__all__ = ["serve_latency"]


async def serve_latency(
    *, host: str = "127.0.0.1", port: int = 9464, stats: LatencyStats = PROCESS
) -> asyncio.Server:
    """Answer `GET /latency` with a JSON snapshot, and `GET /metrics` for Prometheus.

    Answers in the event loop of the calls, which the snapshot needs: prometheus-client's own
    server has a thread of its own, and one page. No TLS, no authentication. Leave it on loopback.

    Args:
        host: The address to listen on.
        port: The port to listen on; 0 for any.
        stats: The statistics to serve.

    Returns:
        The server, to be closed by whoever called.
    """

    async def answer(request: web.BaseRequest) -> web.Response:
        response = _page(request.path, stats)
        # A server that is closed does not wait for a client that keeps its connection.
        response.force_close()
        return response

    handler = web.Server(answer, access_log=None)
    return await asyncio.get_running_loop().create_server(handler, host, port)


def _page(path: str, stats: LatencyStats) -> web.Response:
    if path == "/latency":
        return web.json_response(snapshot(stats))
    if path == "/metrics":
        try:
            from antiphon.processors.latency.export.prometheus import prometheus_text
        except ImportError:
            return web.Response(status=501, text="pip install 'antiphon[metrics]'\n")
        text = prometheus_text(stats=stats)
        return web.Response(
            body=text, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )
    return web.Response(status=404, text="/latency or /metrics\n")
