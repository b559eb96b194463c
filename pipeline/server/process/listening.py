"""Taking the port, before anything that takes long, so that one in use is told at once."""

import socket

from loguru import logger

__all__ = ["CannotListenError", "bind", "tell_where"]


class CannotListenError(Exception):
    """The address is in use, or not this machine's, or not for everybody."""

    def __init__(self, host: str, port: int, error: Exception) -> None:
        super().__init__(
            f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}; "
            "stop what listens there, or give another --port or --host"
        )


def bind(host: str, port: int) -> socket.socket:
    """Take an address without listening yet: until then, connections are refused.

    Args:
        host: The address, a name or a number.
        port: The port.

    Raises:
        CannotListenError: If it cannot be had.
    """
    sock = None
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        # So that a server which has just ended does not keep the port from the next.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except (OSError, TypeError, ValueError) as error:  # a name that cannot be encoded is no OSError
        if sock:
            sock.close()
        raise CannotListenError(host, port, error) from error
    return sock


def tell_where(listening: socket.socket) -> None:
    """Log where calls are answered, once they are.

    Args:
        listening: The socket.
    """
    host, port = listening.getsockname()[:2]
    logger.info(f"answering on {host}:{port}")
