"""Writes the lines of a log in a thread of its own, so that no call waits for who reads them.

A pipe that nobody reads holds 64 KiB, after which a write waits for ever. Here the lines wait
instead, in order and up to a bound; what comes beyond is dropped, counted and told.
"""

import io
import os
import selectors
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

from antiphon.pipeline.server.metrics import LOG_LINES_DROPPED

__all__ = ["LogWriter"]

# Some 15,000 lines.
MAX_CHARS = 4 * 1024 * 1024
BATCH_LINES = 100

FLUSH_SECS = 2.0


class LogWriter:
    """Takes lines and never waits."""

    def __init__(
        self, stream: TextIO, *, notice: Callable[[int], str], max_chars: int = MAX_CHARS
    ) -> None:
        """Start the thread.

        Args:
            stream: Where to; of a file its descriptor is used, past the stream's own buffer.
            notice: Makes the line that says how many were dropped.
            max_chars: How much may wait.
        """
        self._put, self._release = _descriptor(stream)
        self._notice = notice
        self._max_chars = max_chars
        self._lines: deque[str] = deque()
        self._waiting_chars = 0
        self._untold = 0
        self._is_full = False
        self._is_closed = False
        self._changed = threading.Condition()
        # A daemon, for one that waits on a full pipe would keep the process.
        self._thread = threading.Thread(target=self._run, name="antiphon-log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Let a line wait to be written, or drop it.

        Args:
            line: The line, with its end.
        """
        with self._changed:
            size = self._waiting_chars + len(line)
            # Once full it takes nothing until it is half empty, or every other line were a notice.
            self._is_full = size > (self._max_chars // 2 if self._is_full else self._max_chars)
            if self._is_full or self._is_closed:
                self._untold += 1
                LOG_LINES_DROPPED.inc()
                return
            self._tell_dropped()
            self._append(line)

    def close(self, secs: float = FLUSH_SECS) -> bool:
        """Write what waits, and end.

        Args:
            secs: Seconds after which what is left is given up.

        Returns:
            Whether everything was written.
        """
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join(secs)
        return not self._thread.is_alive()

    def _append(self, line: str) -> None:
        self._lines.append(line)
        self._waiting_chars += len(line)
        self._changed.notify_all()

    def _tell_dropped(self) -> None:
        if self._untold:
            dropped, self._untold = self._untold, 0
            self._append(self._notice(dropped))

    def _run(self) -> None:
        while batch := self._next():
            text = "".join(batch)
            try:
                self._put(text)
            except (OSError, ValueError):
                # Nobody is there any more.
                LOG_LINES_DROPPED.inc(len(batch))
            with self._changed:
                self._waiting_chars -= len(text)
        self._release()

    def _next(self) -> list[str]:
        """Wait for lines; none when it is closed and everything is written."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._untold or self._is_closed)
            if not self._lines:
                self._tell_dropped()
            return [self._lines.popleft() for _ in range(min(BATCH_LINES, len(self._lines)))]


def _descriptor(stream: TextIO) -> tuple[Callable[[str], object], Callable[[], object]]:
    """How to write to a stream, and how to be done with it."""
    try:
        # One of its own: the stream may be closed while a line waits, and its number given away.
        descriptor = os.dup(stream.fileno())
    except (OSError, io.UnsupportedOperation, AttributeError):
        return stream.write, lambda: None
    stream.flush()

    def put(text: str) -> None:
        rest = memoryview(text.encode(errors="backslashreplace"))
        while rest:
            try:
                rest = rest[os.write(descriptor, rest) :]
            except BlockingIOError:
                # Its owner has set it so.
                with selectors.DefaultSelector() as room:
                    room.register(descriptor, selectors.EVENT_WRITE)
                    room.select()

    return put, lambda: os.close(descriptor)
