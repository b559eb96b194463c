"""Decoders are lent, given back and never lost."""

import asyncio

import pytest

from antiphon.services.phrases import jsgf_from_phrases
from antiphon.services.pocketsphinx.recognizer import DecoderPool, Recognizer, load_decoder


async def test_a_decoder_that_is_given_back_is_lent_again() -> None:
    pool = DecoderPool(max_decoders=2)
    first = await pool.borrow("a")
    pool.give_back(first)

    assert await pool.borrow("a") is first


async def test_a_decoder_of_another_grammar_makes_way_when_there_may_be_no_more() -> None:
    pool = DecoderPool(max_decoders=1)
    pool.give_back(await pool.borrow("a"))

    other = await pool.borrow("b")

    assert other.grammar == "b"


async def test_calls_wait_in_order_for_a_decoder() -> None:
    pool = DecoderPool(max_decoders=1)
    lent = await pool.borrow("a")
    order: list[str] = []

    async def use(name: str, grammar: str) -> None:
        recognizer = await pool.borrow(grammar)
        assert recognizer.grammar == grammar
        order.append(name)
        pool.give_back(recognizer)

    waiting = [asyncio.create_task(use(name, name)) for name in "bca"]
    await asyncio.sleep(0)
    assert order == []
    pool.give_back(lent)
    await asyncio.gather(*waiting)

    assert order == ["b", "c", "a"]


@pytest.mark.parametrize("lent_first", [False, True])
async def test_a_call_that_is_cancelled_while_it_waits_loses_no_decoder(lent_first: bool) -> None:
    pool = DecoderPool(max_decoders=1)
    lent = await pool.borrow("a")
    waiting = asyncio.create_task(pool.borrow("a"))
    await asyncio.sleep(0)

    if lent_first:  # the cancellation comes after the decoder, before the call could take it
        pool.give_back(lent)
        waiting.cancel()
    else:
        waiting.cancel()
        await asyncio.sleep(0)
        pool.give_back(lent)
    with pytest.raises(asyncio.CancelledError):
        await waiting

    async with asyncio.timeout(5):
        assert await pool.borrow("a") is lent


async def test_an_utterance_that_was_cut_off_leaves_nothing_to_the_next() -> None:
    recognizer = Recognizer(jsgf_from_phrases(["stop please", "thank you goodbye"]))
    await recognizer.start()
    await recognizer.feed(bytes(range(256)) * 100)

    await recognizer.start()
    recognition = await recognizer.finish()

    assert recognition.text == ""
    recognizer.close()


def test_every_public_rule_of_a_grammar_may_be_spoken() -> None:
    decoder = load_decoder(
        "#JSGF V1.0 UTF-8;\ngrammar two; // public <no> = a comment;\n"
        "public <a> = stop; /* public <b> */ public <b> = <a> please;"
    )

    accepts = decoder.get_fsg("phrases").accept
    assert [accepts(text) for text in ("stop", "stop please", "please")] == [True, True, False]
