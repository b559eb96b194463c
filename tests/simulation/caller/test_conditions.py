"""Noise as loud as asked for, and a network that loses, delays and reorders as asked for."""

from typing import Any, get_args

import numpy as np
import pytest

from antiphon.simulation.audio import level_dbfs
from antiphon.simulation.caller import Network, Noise
from antiphon.simulation.caller.conditions import Echo, NoiseKind

FRAME = 320


def frames(count: int) -> list[np.ndarray[tuple[int], np.dtype[np.int16]]]:
    return [np.full(FRAME, index + 1, np.int16) for index in range(count)]


def order(network: Network, count: int) -> list[int]:
    return [int(packet[0]) for frame in frames(count) for packet in network.carry(frame)]


@pytest.mark.parametrize("kind", get_args(NoiseKind))
@pytest.mark.parametrize("snr_db", [5, 10, 20])
def test_noise_is_so_far_below_speech(snr_db: int, kind: NoiseKind) -> None:
    noise = Noise(snr_db=snr_db, kind=kind)
    silence = np.zeros(FRAME, np.int16)
    heard = np.concatenate([noise.add_to(silence) for _ in range(1500)])

    assert level_dbfs(heard) == pytest.approx(-20 - snr_db, abs=1.0)


@pytest.mark.parametrize("kind", get_args(NoiseKind))
def test_the_same_seed_is_the_same_noise_and_another_is_not(kind: NoiseKind) -> None:
    first, second, other = (
        Noise(snr_db=10, kind=kind, seed=seed).add_to(np.zeros(8000, np.int16))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000])
def test_an_echo_is_so_much_quieter_and_so_much_later(rate_hz: int) -> None:
    echo = Echo(db=-20, delay_ms=200)
    for piece in range(10):
        echo.hear(5.0 + piece * 0.04, np.full(rate_hz // 25, 10_000, np.int16), rate_hz)
    silence = np.zeros(FRAME, np.int16)
    heard = [int(echo.add_to(silence, 5.0 + index * 0.02)[100]) for index in range(40)]
    assert heard == [0] * 10 + [1000] * 20 + [0] * 10


def test_an_echo_sounds_under_the_caller() -> None:
    echo = Echo(db=-6.0206, delay_ms=0)
    echo.hear(1.0, np.full(FRAME, 1000, np.int16), 16_000)
    assert set(echo.add_to(np.full(FRAME, 300, np.int16), 1.0)) == {800}


def test_a_network_without_faults_carries_every_packet_at_once() -> None:
    network = Network()

    assert [len(network.carry(frame)) for frame in frames(50)] == [1] * 50


def test_lost_packets_are_silent() -> None:
    lost = order(Network(loss=0.2), 1000).count(0)

    assert lost == pytest.approx(200, abs=40)


def test_late_packets_keep_their_order_and_come_in_bursts() -> None:
    network = Network(jitter_secs=0.1)
    arrived = [[int(packet[0]) for packet in network.carry(frame)] for frame in frames(200)]

    flat = [index for burst in arrived for index in burst]
    assert flat == sorted(flat)
    assert max(map(len, arrived)) > 1
    assert len(flat) >= 200 - 5


def test_reordered_packets_change_places_with_their_successor() -> None:
    arrived = order(Network(reorder=0.1), 200)
    swaps = [i for i in range(len(arrived) - 1) if arrived[i] > arrived[i + 1]]

    assert 10 < len(swaps) < 35
    assert all(arrived[i] == arrived[i + 1] + 1 for i in swaps)


def test_the_same_seed_is_the_same_network_and_another_is_not() -> None:
    first, second, other = (
        order(Network(loss=0.1, reorder=0.1, jitter_secs=0.06, seed=seed), 200)
        for seed in (1, 1, 2)
    )

    assert first == second != other


@pytest.mark.parametrize("wrong", [{"loss": 1.5}, {"reorder": -0.1}, {"jitter_secs": -1}])
def test_an_impossible_network_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="are shares from 0 to 1"):
        Network(**wrong)
