"""The order of what comes over a media stream: what is late, what is repeated, what is forged.

Telnyx does not promise the order of its media frames ("Stream call media over WebSocket",
developers.telnyx.com, read 2026-11), so sound may wait a moment for the packet before it. Keys and
marks never wait: they are taken as they come.
"""

__all__ = ["MAX_DROPOUT", "MAX_HOLD_SECS", "MAX_MISORDER", "StreamOrder"]

# RFC 3550 A.1: a jump ahead of up to MAX_DROPOUT is a loss, and what is up to MAX_MISORDER behind
# is late; any other jump is believed only when the next message continues it. So no forged number
# can make a call deaf, in between or ahead.
MAX_DROPOUT = 3000
MAX_MISORDER = 100

# What is later than this is not waited for, however few packets have come since.
MAX_HOLD_SECS = 0.1

WINDOW = (1 << MAX_MISORDER + 1) - 1


class StreamOrder:
    """The numbers of one stream's messages, and the sound that waits for its place among them.

    Example::

        order = StreamOrder(packets=3)
        order.sound(1, b"a", now=0.0)   # b"a"
        order.sound(3, b"c", now=0.02)  # b""
        order.sound(2, b"b", now=0.03)  # b"bc"
        order.sound(2, b"b", now=0.04)  # None: it has come before
    """

    def __init__(self, *, packets: int = 0) -> None:
        """Create the order of a stream that begins.

        Args:
            packets: How many packets of sound may wait for one before them; 0 for a vendor that
                keeps the order.
        """
        self._packets = packets
        self._last = 0
        # Bit n is about the message n before the last: whether it came, and whether it held sound.
        self._seen = 0
        self._silent = 0
        self._resume_at: int | None = None
        self._next: int | None = None
        self._waiting: dict[int, bytes] = {}
        self._since = 0.0

    def sound(self, number: int, audio: bytes, *, now: float) -> bytes | None:
        """Put a packet of sound into its place.

        Args:
            number: Its number.
            audio: The sound.
            now: The time in seconds.

        Returns:
            What may be heard now, in its order; None if the packet is not taken: it has come
            before, is far too late, or jumps further than a loss does. A packet that comes after
            its place was given up is heard late: that is better than not at all.
        """
        if not self._takes(number):
            return None
        if not self._packets:
            return audio
        if self._next is None:
            # A stream that begins, here or anew.
            before = b"".join(self._waiting[n] for n in sorted(self._waiting))
            self._waiting.clear()
            self._next = number + 1
            return before + audio
        if number < self._next:
            return audio
        if not self._waiting:
            self._since = now
        self._waiting[number] = audio
        heard = self._come(self._next)
        if not self._waiting:
            return heard
        if heard:
            self._since = now
        elif len(self._waiting) > self._packets or now - self._since > MAX_HOLD_SECS:
            heard = self._come(min(self._waiting))
        return heard

    def passes(self, number: int) -> None:
        """Note a message that holds no sound, so that none waits for it.

        Vendors need not number them in one row with sound, so nothing is concluded from it.

        Args:
            number: Its number.
        """
        ahead = number - self._last
        if -MAX_MISORDER <= ahead <= MAX_MISORDER:
            self._move_on(max(0, ahead))
            self._silent |= 1 << self._last - number

    def _takes(self, number: int) -> bool:
        ahead = number - self._last
        if 0 < ahead <= MAX_DROPOUT:
            self._move_on(ahead)
        elif not -MAX_MISORDER <= ahead <= 0:
            if number != self._resume_at:
                self._resume_at = number + 1
                return False
            self._last = number
            self._seen = self._silent = 0
            self._next = None
        bit = 1 << self._last - number
        is_new = not self._seen & bit
        self._seen |= bit
        return is_new

    def _come(self, place: int) -> bytes:
        """Take all from a place on that nothing is missing before."""
        heard = b""
        while place in self._waiting or self._has_come(place):
            heard += self._waiting.pop(place, b"")
            place += 1
        self._next = place
        return heard

    def _has_come(self, number: int) -> bool:
        behind = self._last - number
        return 0 <= behind <= MAX_MISORDER and bool((self._seen | self._silent) >> behind & 1)

    def _move_on(self, ahead: int) -> None:
        shift = min(ahead, MAX_MISORDER + 1)
        self._seen = self._seen << shift & WINDOW
        self._silent = self._silent << shift & WINDOW
        self._last += ahead
