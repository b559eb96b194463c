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
    ],
)
def test_wallet_addresses_are_found(
    found: Found, turns: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert found(*turns) == expected
