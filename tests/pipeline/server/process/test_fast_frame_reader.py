"""Messages that go past the parser, compared with a parser that sees all of them."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from antiphon.pipeline.server.process.fast_frame_reader import WholeFrames

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Parser:
    """The library's parser, after a handshake."""

    def __init__(self) -> None:
        self._protocol = ServerProtocol()
        self._protocol.receive_data(HANDSHAKE)
        [request] = self._protocol.events_received()
        self._protocol.send_response(self._protocol.accept(request))  # type: ignore[arg-type]
        assert self._protocol.state is OPEN

    def read(self, data: bytes) -> Iterator[tuple[Opcode, bytes, bool]]:
        self._protocol.receive_data(data)
        for frame in self._protocol.events_received():
            assert isinstance(frame, Frame)
            yield frame.opcode, bytes(frame.data), frame.fin


def sent(messages: list[tuple[str, int]]) -> list[bytes]:
    """What a client sends: texts, bytes, pings, and texts in two fragments."""
    client = ClientProtocol(parse_uri("ws://a/"), state=State.OPEN)
    for kind, size in messages:
        data = bytes(65 + n % 26 for n in range(size))
        if kind == "text":
            client.send_text(data)
        elif kind == "binary":
            client.send_binary(data)
        elif kind == "ping":
            client.send_ping(data[:125])
        else:
            client.send_text(data, fin=False)
            client.send_continuation(data, fin=True)
    return client.data_to_send()


def cut(frames: list[bytes], lengths: list[int]) -> Iterator[bytes]:
    """The bytes of the frames, in pieces: of a length, or for 0 up to the end of a frame."""
    data = b"".join(frames)
    ends = [len(b"".join(frames[: n + 1])) for n in range(len(frames))]
    at = turn = 0
    while at < len(data):
        length = lengths[turn % len(lengths)]
        end = at + length if length else next(end for end in ends if end > at)
        yield data[at:end]
        at, turn = end, turn + 1


KINDS = st.sampled_from(["text", "text", "text", "binary", "ping", "fragments"])
SIZES = st.sampled_from([0, 1, 7, 125, 126, 420, 65_535, 65_536])
LENGTHS = st.lists(st.integers(0, 500), min_size=1).filter(lambda cuts: sum(cuts) > 2)


@given(
    messages=st.lists(st.tuples(KINDS, SIZES), min_size=1, max_size=20),
    lengths=LENGTHS,
    most=st.integers(1, 30),
)
@example(messages=[("text", 420)] * 8, lengths=[0, 0, 2, 0, 5, 0, 0], most=30)
@example(messages=[("text", 0)] * 20, lengths=[500], most=7)
@settings(deadline=None)
def test_the_parser_and_what_goes_past_it_are_all_that_a_parser_reads(
    messages: list[tuple[str, int]], lengths: list[int], most: int
) -> None:
    frames = sent(messages)
    alone, parser, whole = Parser(), Parser(), WholeFrames()
    expected = list(alone.read(b"".join(frames)))
    got: list[tuple[Opcode, bytes, bool]] = []
    for piece in cut(frames, lengths):
        # As the protocol does: in a message under way only the parser knows what belongs to it.
        between = not got or got[-1][2]
        if between and (message := whole.read(piece)) is not None:
            got.append((Opcode.TEXT, message.encode(), True))
        else:
            while piece:
                size, count = whole.follow(piece, most)
                begun = len(got)
                got.extend(parser.read(piece[:size]))
                assert count <= most
                assert len(got) - begun <= most + 1
                piece = piece[size:]
    assert got == expected


def test_a_message_in_one_piece_goes_past_the_parser() -> None:
    whole = WholeFrames()
    [frame] = sent([("text", 420)])
    assert whole.read(frame) == whole.read(frame) == "".join(chr(65 + n % 26) for n in range(420))


@pytest.mark.parametrize(
    "frame",
    [
        b"\x81\x03abc",  # not masked
        b"\xc1\x83\0\0\0\0abc",  # compressed
        b"\x81\x81\0\0\0\0\xff",  # not UTF-8
        b"\x81\xff" + bytes(131),  # a longer length than there is
        b"\x81",
    ],
)
def test_what_a_parser_has_to_judge_is_left_to_it(frame: bytes) -> None:
    whole = WholeFrames()
    assert whole.read(frame) is None


def test_the_rest_of_a_frame_is_not_taken_for_another() -> None:
    frame = b"\x81\x81\x80\0\0\0\xc1"  # from its second byte on like an empty text
    whole = WholeFrames()
    whole.follow(frame[:1], 1)
    assert whole.read(frame[1:]) is None
    whole.follow(frame[1:], 1)
    assert whole.read(frame) == "A"
