import pytest

from antiphon.services.hibari.packed import PackedTable

TABLE: dict[str, str | dict[str, str | float | None]] = {
    "Bellini": "bəlˈini",
    "read": {"DEFAULT": "ɹˈid", "VBD": "ɹˈɛd", "None": None},
    "t-1=NN": {"VB": 1.5, "NN": -0.25},
    "": "nothing",
    **{f"word{number}": f"wˈɜɹd{number}" for number in range(1_000)},
}


def test_a_packed_table_has_what_the_table_has() -> None:
    packed = PackedTable(TABLE)

    assert {key: packed.get(key) for key in TABLE} == TABLE


@pytest.mark.parametrize("key", ["word", "word1000", "ord1", "Read", "\t", "read\t", "wˈɜɹd1"])
def test_a_packed_table_has_nothing_else(key: str) -> None:
    assert PackedTable(TABLE).get(key) is None
