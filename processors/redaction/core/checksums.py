"""Check digits. They label a number and settle doubts; they never let one pass.

A misheard digit breaks every one of these sums, so a failed sum is no reason not to redact.
"""

import re

__all__ = [
    "aba",
    "dni",
    "iban",
    "is_card",
    "luhn",
    "mod11_10",
    "nhs",
    "pesel",
    "tfn",
    "verhoeff",
    "weighted",
]

# A card's first digits (ISO/IEC 7812 and the brands).
CARD_STARTS = re.compile(r"3[0-9]|4|5[0-5]|6[0-9]|2[2-7]")
# Verhoeff 1969: the dihedral group D5 and its permutation.
D5 = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
P8 = (
    "0123456789", "1576283094", "5803796142", "8916043527",
    "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: payment cards, Canadian SIN, Swedish personnummer."""
    total = 0
    for index, char in enumerate(reversed(digits)):
        value = int(char)
        if index % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Whether a text is the digits of a whole card and nothing else."""
    if not (13 <= len(digits) <= 19 and digits.isdecimal()):
        return False
    return CARD_STARTS.match(digits) is not None and luhn(digits)


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    """The sum of the digits times their weights."""
    return sum(int(d) * w for d, w in zip(digits, weights, strict=False))


def aba(digits: str) -> bool:
    """ABA routing number: nine digits, weights 3 7 1, first two in the Federal Reserve's ranges."""
    if len(digits) != 9 or weighted(digits, (3, 7, 1) * 3) % 10:
        return False
    prefix = int(digits[:2])
    return prefix <= 12 or 21 <= prefix <= 32 or 61 <= prefix <= 72 or prefix == 80


def nhs(digits: str) -> bool:
    """NHS number (England, Wales): ten digits, modulus 11."""
    if len(digits) != 10:
        return False
    check = 11 - weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return check % 11 == int(digits[9])


def tfn(digits: str) -> bool:
    """Australian tax file number: nine digits, modulus 11."""
    return len(digits) == 9 and weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def verhoeff(digits: str) -> bool:
    """Aadhaar: twelve digits."""
    check = 0
    for index, char in enumerate(reversed(digits)):
        check = int(D5[check][int(P8[index % 8][int(char)])])
    return check == 0


def mod11_10(digits: str) -> bool:
    """ISO 7064 MOD 11,10: the German tax number."""
    product = 10
    for char in digits[:-1]:
        total = (int(char) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def pesel(digits: str) -> bool:
    """Polish PESEL: eleven digits."""
    return len(digits) == 11 and weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def dni(value: str) -> bool:
    """Spanish DNI or NIE: eight digits (X, Y, Z for 0, 1, 2 first) and a letter, modulus 23."""
    number = value[:-1].lower().translate(str.maketrans("xyz", "012"))
    if len(value) != 9 or not number.isdecimal():
        return False
    return "trwagmyfpdxbnjzsqvhlcke"[int(number) % 23] == value[-1].lower()


def iban(value: str) -> bool:
    """ISO 13616: modulus 97 of the rearranged number."""
    if len(value) < 15 or not value.isascii() or not value.isalnum():
        return False
    moved = (value[4:] + value[:4]).upper()
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1
