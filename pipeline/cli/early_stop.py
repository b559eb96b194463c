"""A server that is told to stop before it answers: it says so in a line, and has lost nothing.

Importing and loading take seconds, in which a signal would otherwise kill the process, or show as
a traceback from wherever it was. Nothing heavy is imported here, so that this comes first.
"""

import os
import signal
import time

__all__ = ["stop_early", "stop_no_more"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def stop_early() -> None:
    """End with 0 on a signal, until something else takes the signals."""
    for number in SIGNALS:
        signal.signal(number, _end)


def stop_no_more() -> None:
    """Pass signals over: the process is ending, and its exit status is known."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _end(*_: object) -> None:
    now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    line = f'{{"time": "{now}", "level": "INFO", "message": "told to stop before it answered"}}\n'
    os.write(2, line.encode())
    # Not by an exception, which whatever is being imported may swallow.
    os._exit(0)
