"""Which numbers are given out: first digits and lengths of cards, of accounts, of IBANs."""

from __future__ import annotations

from typing import Final

ALL: Final = frozenset(range(13, 20))
LONG: Final = frozenset(range(16, 20))


def _spread(first: int, last: int, lengths: frozenset[int]) -> dict[str, frozenset[int]]:
    return {str(n): lengths for n in range(first, last + 1)}


SIXTEEN: Final = frozenset({16})
_MAESTRO: Final = frozenset({16, 18, 19})
# First digits to the lengths such cards have. The longest that fits is the one that counts.
CARDS: Final[dict[str, frozenset[int]]] = {
    "4": frozenset({13, 16, 18, 19}),  # Visa
    **_spread(51, 55, SIXTEEN),  # Mastercard
    **_spread(2221, 2720, SIXTEEN),
    **_spread(2200, 2204, LONG),  # Мир
    "2205": SIXTEEN,  # Borica
    **dict.fromkeys(("34", "37"), frozenset({15})),  # American Express
    **_spread(300, 305, frozenset({14, 16, 19})),  # Diners
    **dict.fromkeys(("3095", "36", "38", "39"), frozenset({14, 16, 17, 18, 19})),
    **_spread(3528, 3589, LONG),  # JCB, the old ones below
    **dict.fromkeys(("2131", "1800"), frozenset({15})),
    **dict.fromkeys(("6011", "65"), LONG),  # Discover
    **_spread(644, 649, LONG),
    **dict.fromkeys(("62", "81"), LONG),  # UnionPay
    **dict.fromkeys(("50", "56", "57", "58"), _MAESTRO),  # Maestro and what shares its numbers
    **dict.fromkeys(("60", "61", "63", "64", "66", "67", "68", "69"), _MAESTRO),
    **dict.fromkeys(
        ("5018", "5020", "5038", "5893", "6304", "6759", "6761", "6762", "6763", "6706", "6771"),
        ALL,
    ),
    **dict.fromkeys(("9804", "9112", "9051", "9417", "8600", "9860", "9792"), SIXTEEN),
    # ^ Простір, Белкарт, ArCa, Элкарт, Uzcard, Humo, Troy
    "82": SIXTEEN,  # RuPay
    "31": frozenset({19}),  # China T-Union
}
# Air travel cards begin like half of all numbers; only beside their word.
BESIDE_WORDS: Final[dict[str, frozenset[int]]] = {"1": frozenset({15}), "6": ALL, "50": ALL}
# Some issuers of UnionPay leave the check digit out; without it only beside the word.
UNCHECKED: Final = ("62",)
# What one bank's card may look like in groups.
GROUPS: Final = frozenset({(4, 6, 5), (4, 6, 4), (6, 13), (6, 10), (8, 8), (4, 4, 4, 4, 2)})

_CHAPTERS: Final = (
    *range(102, 110), *range(202, 205), *range(301, 330), *range(401, 480), *range(501, 537),
    *range(601, 622), *range(706, 709), *range(901, 919),
)  # fmt: skip
BALANCE: Final = frozenset(map(str, _CHAPTERS)) | {"031", "032"}
_CURRENCIES: Final = (
    "810 643 840 978 826 756 156 392 398 933 974 980 860 972 417 051 944 949 784 356 985 203 348"
    " 946 941 578 752 208 036 124 344 702 764 360 458 410 704 934 498 981 376 496 408 586 192 682"
    " 634 414 554 710 986 891 975 050 144 191 352 364 368 400 404 422 434 504 512 566 604 788 818"
    " 901 931 936 937 940 943 948 967 971 976 a98 a99 a33 a76"
)
CURRENCIES: Final = frozenset(_CURRENCIES.split())

_COUNTRIES: Final = (
    "AD24 AE23 AL28 AO25 AT20 AZ28 BA20 BE16 BF28 BG22 BH22 BI27 BJ28 BR29 BY28 CF27 CG27 CH21"
    " CI28 CM27 CR22 CV25 CY28 CZ24 DE22 DJ27 DK18 DO28 DZ26 EE20 EG29 ES24 FI18 FK18 FO18 FR27"
    " GA27 GB22 GE22 GI23 GL18 GQ27 GR27 GT28 GW25 HN28 HR21 HU28 IE22 IL23 IQ23 IR26 IS26 IT27"
    " JO30 KM27 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MA28 MC27 MD24 ME22 MG27 MK19 ML28"
    " MN20 MR27 MT31 MU30 MZ25 NE28 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33"
    " SA24 SC31 SD18 SE24 SI19 SK24 SM27 SN28 SO23 ST25 SV28 TD27 TG28 TL23 TN24 TR26 UA29 VA22"
    " VG24 XK20 YE30"
)
# How long an IBAN of each country is.
IBANS: Final = {country[:2]: int(country[2:]) for country in _COUNTRIES.split()}
