"""Check digits: what tells a number of something from a row of digits. Pure arithmetic."""

from __future__ import annotations

from typing import Final

_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_INN_11: Final = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_12: Final = (3, *_INN_11)
_INN_10: Final = _INN_11[1:]
_IPN: Final = (-1, 5, 7, 9, 4, 6, 10, 5, 7)
# In 2036.
_BORN: Final = 50_000
_KEY: Final = (7, 1, 3)


def luhn(digits: str) -> bool:
    """Payment cards."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(d)] for d in digits[-2::-2])
    return total % 10 == 0


def ean(digits: str) -> bool:
    """What shops print under bars: 13 digits."""
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits[:12]))
    return len(digits) == 13 and (10 - total % 10) % 10 == int(digits[12])  # noqa: PLR2004


def mod97(iban: str) -> bool:
    """An IBAN in capitals without spaces."""
    turned = iban[4:] + iban[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def inn(digits: str) -> bool:
    """A Russian taxpayer: 10 digits of a company, 12 of a person."""
    if not any(map(int, digits)):
        return False
    if len(digits) == 10:  # noqa: PLR2004
        return _weighed(digits, _INN_10) == int(digits[9])
    return (
        len(digits) == 12  # noqa: PLR2004
        and _weighed(digits, _INN_11) == int(digits[10])
        and _weighed(digits, _INN_12) == int(digits[11])
    )


def ipn(digits: str) -> bool:
    """A Ukrainian taxpayer: 10 digits, the first five the day of birth since 1899."""
    return (
        len(digits) == 10  # noqa: PLR2004
        and 0 < int(digits[:5]) < _BORN
        and _weighed(digits, _IPN) == int(digits[9])
    )


def edrpou(digits: str) -> bool:
    """A Ukrainian company: 8 digits."""
    if len(digits) != 8 or not any(map(int, digits)):  # noqa: PLR2004
        return False
    usual = not 30_000_000 < int(digits) < 60_000_000  # noqa: PLR2004
    first = (1, 2, 3, 4, 5, 6, 7) if usual else (7, 1, 2, 3, 4, 5, 6)
    rest = sum(w * int(d) for w, d in zip(first, digits, strict=False)) % 11
    if rest == 10:  # noqa: PLR2004
        rest = sum((w + 2) * int(d) for w, d in zip(first, digits, strict=False)) % 11 % 10
    return rest == int(digits[7])


def snils(digits: str) -> bool:
    """Russian social insurance: 11 digits; the first numbers given out carry no check."""
    if len(digits) != 11 or not any(map(int, digits[:9])):  # noqa: PLR2004
        return False
    if int(digits[:9]) <= 1_001_998:  # noqa: PLR2004
        return True
    total = sum((9 - i) * int(d) for i, d in enumerate(digits[:9]))
    return total % 101 % 100 == int(digits[9:])


def ogrn(digits: str) -> bool:
    """A Russian company's registration (13 digits), an entrepreneur's (15)."""
    if len(digits) not in {13, 15} or not any(map(int, digits)):
        return False
    return int(digits[:-1]) % (len(digits) - 2) % 10 == int(digits[-1])


def account(digits: str, bik: str) -> bool:
    """Whether a Russian account of 20 digits could be one of the bank with this BIK."""
    of_the_bank = bik[-3:] + digits
    of_the_network = ("0" + bik[4:6] + digits, "0" + bik[2:4] + digits)
    if digits[:3] in {"301", "401", "402"} and any(map(_key, of_the_network)):
        return True
    return _key(of_the_bank)


def _key(digits: str) -> bool:
    return sum(int(d) * _KEY[i % 3] for i, d in enumerate(digits)) % 10 == 0


def _weighed(digits: str, weights: tuple[int, ...]) -> int:
    return sum(w * int(d) for w, d in zip(weights, digits, strict=False)) % 11 % 10
