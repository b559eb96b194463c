"""Attempts are counted, for a while, of a bounded number of people."""

from typing import Any

import pytest

from antiphon.pipeline.server.access.rates import Rates, network_of, number_of


async def test_who_tries_too_often_is_refused_and_others_are_not() -> None:
    rates = Rates()
    assert [await rates.hit("2/minute", "ann") for _ in range(3)] == [True, True, False]
    assert await rates.hit("2/minute", "bob")


async def test_after_a_while_one_may_try_again(monkeypatch: Any) -> None:
    now = 1000.0
    monkeypatch.setattr("time.time", lambda: now)
    rates = Rates()
    assert [await rates.hit("1/minute", "ann") for _ in range(2)] == [True, False]
    now += 61
    assert await rates.hit("1/minute", "ann")


async def test_a_flood_of_addresses_takes_no_more_memory_than_it_may() -> None:
    rates = Rates(keep=100)
    for number in range(1000):
        await rates.hit("1/minute", str(number))
    assert len(rates) == 100
    assert not await rates.hit("1/minute", "999")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("caller", "number"),
    [
        ("+49301234567", "+49301234567"),
        ("+266696687", None),
        ("+7378742833", None),
        ("+2562533", None),
        ("+8656696", None),
        ("+8566696", None),
        ("+86282452253", None),
        ("anonymous", None),
        ("Anonymous", None),
        ("Restricted", None),
        ("unknown", None),
        ("sip:anonymous@anonymous.invalid", None),
        ("266696687", None),
        ("+٤٩٣٠١٢٣", None),
        ("+", None),
        ("", None),
    ],
)
def test_only_a_number_tells_one_caller_from_another(caller: str, number: str | None) -> None:
    assert number_of(caller) == number
