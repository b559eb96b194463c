"""What an operator watches, in Prometheus' terms; no caller can be told from it."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["LOG_LINES_DROPPED", "REDIS_LOST", "SOCKET_LIMITS", "CallMetrics"]

# Of the process: its apps share one log.
LOG_LINES_DROPPED = Counter(
    "antiphon_log_lines_dropped",
    "Lines that the log had no room for, or nobody to read them",
    registry=None,
)

REDIS_LOST = Gauge(
    "antiphon_redis_lost", "1 while the Redis that servers share is away", registry=None
)

SOCKET_LIMITS = "antiphon.socket_limits"
"""The extension of an ASGI scope by which our app says that a socket is its own, and is to have
limits; it gives how often which of them was met."""


class CallMetrics:
    """The metrics of one app.

    Parameters:
        registry: Where they are collected.
        active: Calls at this moment, by transport.
        ended: Calls that ended, by transport and outcome.
        refused: Calls and requests that were not let in, by transport and reason.
        limited: Times that a websocket had to wait or was cut off, by transport and limit.
        dropped: Malformed messages that were dropped, by reason.
        seconds: How long calls lasted.
        capacity: Places in this process.
        draining: 1 while no call is let in.
        statuses: What Twilio said about its calls.
        stuck: Tasks, such as a tool's, that went on after their call had ended.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Register the metrics.

        Args:
            registry: Where to; a registry of their own by default.
        """
        self.registry = registry or CollectorRegistry()
        self.registry.register(LOG_LINES_DROPPED)
        self.registry.register(REDIS_LOST)
        self.active = Gauge(
            "antiphon_calls_active", "Calls at this moment", ["transport"], registry=self.registry
        )
        self.ended = Counter(
            "antiphon_calls", "Calls that ended", ["transport", "outcome"], registry=self.registry
        )
        self.refused = Counter(
            "antiphon_calls_refused",
            "Calls and requests that were not let in",
            ["transport", "reason"],
            registry=self.registry,
        )
        self.limited = Counter(
            "antiphon_websockets_limited",
            "Times that a websocket had to wait or was cut off",
            ["transport", "limit"],
            registry=self.registry,
        )
        self.dropped = Counter(
            "antiphon_messages_dropped",
            "Malformed messages that were dropped",
            ["reason"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "antiphon_call_duration_seconds",
            "How long calls lasted",
            buckets=(5, 15, 30, 60, 120, 300, 600, 1200, 3600),
            registry=self.registry,
        )
        self.capacity = Gauge(
            "antiphon_calls_capacity", "Places in this process", registry=self.registry
        )
        self.draining = Gauge(
            "antiphon_draining", "1 while no call is let in", registry=self.registry
        )
        self.statuses = Counter(
            "antiphon_twilio_statuses",
            "What Twilio said about its calls",
            ["status"],
            registry=self.registry,
        )
        self.stuck = Counter(
            "antiphon_tasks_stuck",
            "Tasks that went on after their call had ended",
            registry=self.registry,
        )
