"""Cryptocurrency addresses."""

from collections.abc import Callable

import pytest

Found = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (
            ("send to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa now",),
            [("CRYPTO", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")],
        ),
        (
            ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",),
            [("CRYPTO", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")],
        ),
        (("antidisestablishmentarianismus",), []),
        (
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",),
            [("CRYPTO", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")],
        ),
        (
            ("0x52908400098527886E0F7030069857D2E4169EE7",),
            [("CRYPTO", "0x52908400098527886E0F7030069857D2E4169EE7")],
        ),
        (("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0",), []),
        (("2A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",), []),
        (("bc1qbr0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",), []),
        (
            ("send to tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx.",),
            [("CRYPTO", "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx")],
        ),
        (("1A1zP1eP5QGefi2DMPTfTL5SLm",), [("CRYPTO", "1A1zP1eP5QGefi2DMPTfTL5SLm")]),
        (
            ("send 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNaZ",),
            [("CRYPTO", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNaZ")],
        ),
        (
            ("bc1qqpzry9x8gf2tvdw0s3jn54khce6mua7lqpzry9x8gf2tvdw0s3jn54khce",),
            [("CRYPTO", "bc1qqpzry9x8gf2tvdw0s3jn54khce6mua7lqpzry9x8gf2tvdw0s3jn54khce")],
        ),
    ],
)
def test_wallet_addresses_are_found(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
