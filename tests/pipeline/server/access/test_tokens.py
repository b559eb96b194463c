"""Tokens open one thing, once, for a while."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.pipeline.server.access.tokens import InvalidToken, Tokens

SECRET = b"0123456789abcdef"


async def test_a_token_opens_what_it_is_for_and_says_for_whom() -> None:
    tokens = Tokens()
    token = tokens.issue("twilio", "CA1", now=100.0)
    assert await tokens.redeem(token, "twilio", now=130.0) == "CA1"


async def test_a_token_is_good_once() -> None:
    tokens = Tokens()
    token = tokens.issue("twilio", "CA1", now=100.0)
    await tokens.redeem(token, "twilio", now=101.0)
    with pytest.raises(InvalidToken, match="used"):
        await tokens.redeem(token, "twilio", now=102.0)


async def test_a_token_expires() -> None:
    tokens = Tokens(lifetime_secs=60)
    assert tokens.lifetime_secs == 60
    token = tokens.issue("twilio", "CA1", now=100.0)
    with pytest.raises(InvalidToken, match="expired"):
        await tokens.redeem(token, "twilio", now=160.1)
    assert await tokens.redeem(token, "twilio", now=160.0) == "CA1"
    with pytest.raises(InvalidToken, match="used"):
        await tokens.redeem(token, "twilio", now=160.0)


@pytest.mark.parametrize(("purpose", "subject"), [("websocket", "CA1"), ("twilio", "CA2")])
async def test_a_token_opens_nothing_else(purpose: str, subject: str) -> None:
    tokens = Tokens()
    token = tokens.issue("twilio", "CA1", now=100.0)
    with pytest.raises(InvalidToken, match="something else"):
        await tokens.redeem(token, purpose, now=101.0, subject=subject)


async def test_a_sibling_with_the_same_secret_takes_it() -> None:
    token = Tokens(secret=SECRET).issue("twilio", "CA1", now=100.0)
    assert await Tokens(secret=SECRET).redeem(token, "twilio", now=101.0) == "CA1"


async def test_a_stranger_does_not() -> None:
    token = Tokens(secret=SECRET).issue("twilio", "CA1", now=100.0)
    with pytest.raises(InvalidToken, match="forged"):
        await Tokens().redeem(token, "twilio", now=101.0)


@given(st.text() | st.from_regex(r"[\w-]{1,40}\.[\w-]{1,60}"))
async def test_whatever_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        await Tokens(secret=SECRET).redeem(text, "twilio", now=0.0)


async def test_a_subject_may_contain_spaces() -> None:
    tokens = Tokens()
    assert await tokens.redeem(tokens.issue("p", "a b c", now=0.0), "p", now=1.0) == "a b c"


async def test_used_tokens_are_forgotten_once_they_would_have_expired() -> None:
    tokens = Tokens(lifetime_secs=60)
    first = tokens.issue("p", now=0.0)
    await tokens.redeem(first, "p", now=1.0)
    await tokens.redeem(tokens.issue("p", now=1000.0), "p", now=1001.0)
    with pytest.raises(InvalidToken, match="expired"):
        await tokens.redeem(first, "p", now=1002.0)
