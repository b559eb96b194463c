"""Hypothesis strategies for frame streams, so that laws about a processor can be tested.

@given(stream=llm_responses())
def test_no_text_is_lost(stream):
    out = run_virtual(run_frames(SentenceAggregator(), stream))
    assert out.down.text == "".join(f.text for f in stream.frames if isinstance(f, TextFrame))
"""

from hypothesis import strategies as st

from antiphon.simulation.frames import (
    FrameStream,
    bot_speaking,
    dtmf,
    interim,
    interruption,
    llm_response,
    pause,
    tool_call,
    tts_response,
    user_turn,
)

__all__ = ["call_streams", "llm_responses", "sentences", "tts_responses", "user_turns"]

# fmt: off
_WORDS = (
    "yes", "no", "please", "thank", "you", "the", "a", "is", "at", "for", "of", "your", "order",
    "number", "costs", "$29.95", "3.5", "per", "cent", "Dr.", "St.", "today", "Monday", "14:30",
    "open", "until", "nine", "e.g.", "U.S.", "example.com", "café", "naïve", "über", "42", "1,",
    "two;", "three",
)
# fmt: on


def sentences(*, max_words: int = 12) -> st.SearchStrategy[str]:
    """Draw sentences of call-centre words, with abbreviations, numbers and accents among them.

    Args:
        max_words: The most words in one sentence.

    Returns:
        The strategy.
    """
    words = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=max_words)
    return st.builds(lambda said, end: " ".join(said) + end, words, st.sampled_from(".?!"))


def _texts(max_sentences: int) -> st.SearchStrategy[str]:
    return st.lists(sentences(), min_size=1, max_size=max_sentences).map(" ".join)


def llm_responses(*, max_sentences: int = 4) -> st.SearchStrategy[FrameStream]:
    """Draw replies, cut into tokens of any size and sent at any pace.

    Args:
        max_sentences: The most sentences in one reply.

    Returns:
        The strategy.
    """
    return st.builds(
        llm_response,
        _texts(max_sentences),
        chunk_chars=st.none() | st.integers(1, 12),
        tokens_per_second=st.sampled_from([10.0, 50.0, 200.0]),
    )


def user_turns(*, max_words: int = 12) -> st.SearchStrategy[FrameStream]:
    """Draw utterances with VAD events, interim and final transcripts.

    Args:
        max_words: The most words in one utterance.

    Returns:
        The strategy.
    """
    return st.builds(
        user_turn,
        sentences(max_words=max_words),
        vad_delay=st.floats(0.0, 0.5),
        final_delay=st.floats(0.0, 1.5),
        turn_frames=st.booleans(),
    )


def tts_responses() -> st.SearchStrategy[FrameStream]:
    """Draw spoken sentences, with word timestamps or without, faster and slower than speech."""
    return st.builds(
        tts_response,
        sentences(max_words=6),
        rtf=st.sampled_from([0.0, 0.1, 1.5]),
        word_timestamps=st.booleans(),
        sample_rate_hz=st.sampled_from([8_000, 16_000]),
    )


def call_streams(*, max_events: int = 6) -> st.SearchStrategy[FrameStream]:
    """Draw anything that may happen on a call, one thing after or over another.

    Args:
        max_events: The most events.

    Returns:
        The strategy.
    """
    event = st.one_of(
        llm_responses(max_sentences=2),
        user_turns(max_words=5),
        tts_responses(),
        st.builds(interruption),
        st.builds(bot_speaking, st.floats(0.1, 2.0)),
        st.builds(interim, sentences(max_words=3)),
        st.builds(dtmf, st.text("0123456789*#", min_size=1, max_size=4)),
        st.builds(pause, st.floats(0.0, 2.0)),
        st.builds(
            lambda seconds: tool_call("look_up", result="ok", seconds=seconds), st.floats(0, 2)
        ),
    )
    return st.recursive(
        event,
        lambda inner: (
            st.builds(FrameStream.__add__, inner, inner)
            | st.builds(FrameStream.__or__, inner, inner)
        ),
        max_leaves=max_events,
    )
