"""Where a server keeps what it shares."""

from antiphon.pipeline.server.settings import ServerSettings
from antiphon.pipeline.server.state.interface import SharedState
from antiphon.pipeline.server.state.memory import MemoryState

__all__ = ["open_state"]


def open_state(settings: ServerSettings) -> SharedState:
    """Make the shared state of a server.

    Args:
        settings: Name its capacity, and Redis if it shares with other servers.

    Returns:
        The state, in Redis or in this process.

    Raises:
        ImportError: If the extra `redis` is not installed.
    """
    if not (settings.redis_url and settings.secret):
        return MemoryState(capacity=settings.capacity)
    try:
        from antiphon.pipeline.server.state.redis import RedisState
    except ImportError as error:
        raise ImportError(
            "ANTIPHON_REDIS_URL needs an extra: pip install 'antiphon[redis]'"
        ) from error
    return RedisState(
        settings.redis_url.get_secret_value(),
        secret=settings.secret.get_secret_value().encode(),
        capacity=settings.capacity,
    )
