"""Check digits: a right number passes, one wrong digit or a wrong length does not."""

import pytest

from antiphon.processors.redaction.core import checksums


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        ("luhn", ["4539148803436467", "79927398713", "0"], ["4539148803436468", "79927398710"]),
        ("aba", ["011000015", "122105155", "211370545"], ["011000016", "12210515", "001000015"]),
        ("nhs", ["9434765919", "4505577104"], ["9434765918", "943476591"]),
        ("tfn", ["123456782"], ["123456783", "12345678"]),
        ("verhoeff", ["2363"], ["2364", "2633"]),
        ("mod11_10", ["86095742719"], ["86095742718"]),
        ("pesel", ["44051401359"], ["44051401358", "4405140135"]),
        ("dni", ["12345678Z", "X1234567L", "x1234567l"], ["12345678A", "1234567Z", "A2345678Z"]),
        ("iban", ["GB82WEST12345698765432"], ["GB82WEST12345698765433", "GB82WEST123456", "GB82-"]),
    ],
)
def test_a_check_digit_tells_a_right_number_from_a_wrong_one(
    check: str, right: list[str], wrong: list[str]
) -> None:
    passes = getattr(checksums, check)
    assert [passes(number) for number in right] == [True] * len(right)
    assert [passes(number) for number in wrong] == [False] * len(wrong)


@pytest.mark.parametrize(
    ("first", "passes"),
    [("00", True), ("12", True), ("13", False), ("20", False), ("21", True), ("32", True),
     ("33", False), ("60", False), ("61", True), ("72", True), ("73", False), ("80", True)],
)  # fmt: skip
def test_a_routing_number_begins_in_a_range_of_the_federal_reserve(
    first: str, passes: bool
) -> None:
    numbers = (f"{first}{rest:07d}" for rest in range(100))
    found = [n for n in numbers if checksums.weighted(n, (3, 7, 1) * 3) % 10 == 0]
    assert found
    assert {checksums.aba(number) for number in found} == {passes}
