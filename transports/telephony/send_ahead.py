"""Audio that the far end gets before its turn, so that a late timer leaves no gap."""

__all__ = ["SendAhead"]


class SendAhead:
    """What to send at a chunk's turn: that chunk, and those behind it if they are here already.

    An utterance begins with its first chunk alone, for which nothing else is waited. What arrives
    while the end of the utterance before is still to come is not sent ahead: until then, Pipecat
    may drop a piece of it.

    Keeps no more than what waits for its turn in Pipecat's queue.

    Example::

        ahead = SendAhead(chunk_bytes=2, chunks=3)
        ahead.arrives(b"aabbccdd")
        ahead.turn(b"aa")   # b"aa"
        ahead.turn(b"bb")   # b"bbccdd"
        ahead.turn(b"cc")   # b""
    """

    def __init__(self, *, chunk_bytes: int, chunks: int) -> None:
        """Create the look-ahead.

        Args:
            chunk_bytes: How much of the audio has its turn at once.
            chunks: The most chunks to send at once.
        """
        self._chunk_bytes = chunk_bytes
        self._chunks = chunks
        self._coming = bytearray()
        self._sent = bytearray()
        self._begins = True
        self._ends = 0
        self._unknown = False

    def arrives(self, audio: bytes) -> None:
        """Note audio whose turn will come.

        Args:
            audio: The audio, as it will be sent.
        """
        if self._ends:
            self._unknown = True
        if self._unknown:
            return
        self._begins |= not (self._coming or self._sent)
        self._coming += audio

    def ends(self) -> None:
        """Note that an utterance's end has arrived; a part of a chunk before it is filled up."""
        self._ends += 1
        self._unknown = False
        del self._coming[len(self._coming) // self._chunk_bytes * self._chunk_bytes :]

    def ended(self) -> None:
        """Note that the end of an utterance has had its turn."""
        self._ends = max(0, self._ends - 1)

    def turn(self, chunk: bytes) -> bytes:
        """Say what to send at the turn of a chunk.

        Args:
            chunk: The chunk.

        Returns:
            The chunk and what comes after it; nothing if that has been sent. A chunk that was not
            known goes alone.
        """
        if self._sent.startswith(chunk):
            del self._sent[: len(chunk)]
            return b""
        if not self._coming.startswith(chunk):
            self._unknown |= bool(self._coming)
            self._coming.clear()
            self._sent.clear()
            return chunk
        chunks = 1 if self._begins else min(self._chunks, len(self._coming) // self._chunk_bytes)
        self._begins = False
        packet = bytes(self._coming[: chunks * self._chunk_bytes])
        del self._coming[: len(packet)]
        self._sent += packet[len(chunk) :]
        return packet

    def clear(self) -> None:
        """Forget all: none of what has arrived will have its turn."""
        self._coming.clear()
        self._sent.clear()
        self._ends = 0
        self._unknown = False
