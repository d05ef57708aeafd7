"""What a bank's site may say of who reads its page, and what nobody may."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checked
from hypothesis import strategies as st

from app.core import clock, retention
from app.core.db import db, session
from app.widget import tokens
from app.widget.models import UsedToken
from app.widget.service import keys
from app.widget.tokens import Reason, RefusedTokenError
from tests.widget.signing import AUDIENCE, ISSUER, ORIGIN, Pair, Secret, b64, claims, site, token

if TYPE_CHECKING:
    from app.widget.models import Site
    from tests.builders import Builders


ONCE = "how a token is written is no matter of the database"


class Bank:
    """A site with a key of each sort."""

    def __init__(self, house: Builders) -> None:
        self.house = house
        self.admin = house.administrator()
        self.site = site()
        self.secret = Secret(self.admin, self.site)
        self.pair = Pair(self.admin, self.site)

    def why(self, text: str, origin: str = ORIGIN, at: Site | None = None) -> str:
        """Why a token is refused; "" when it is taken."""
        try:
            tokens.verify(at or self.site, text, origin)
        except RefusedTokenError as error:
            return error.reason.value
        return ""


@pytest.fixture
def bank(house: Builders) -> Bank:
    return Bank(house)


@pytest.mark.parametrize("kind", ["secret", "pair"])
def test_a_good_token_says_who_it_is(bank: Bank, kind: str) -> None:
    key = getattr(bank, kind)
    said = tokens.verify(
        bank.site,
        token(key, name="  Анна   К. ", email="Anna@example.org", email_verified=True),
        ORIGIN,
    )
    assert said == tokens.Claims(ISSUER, "customer-7", "Анна К.", "Anna@example.org", key.row.id)


@pytest.mark.parametrize("proved", [False, None, "true", 1, ...])
def test_an_address_counts_only_when_the_bank_says_it_is_proved(bank: Bank, proved: object) -> None:
    text = token(bank.secret, email="anna@example.org", email_verified=proved)
    assert tokens.verify(bank.site, text, ORIGIN).email == ""


def test_one_element_of_a_list_is_as_good_an_audience(bank: Bank) -> None:
    assert bank.why(token(bank.secret, aud=[AUDIENCE])) == ""


def test_a_token_is_taken_once(bank: Bank) -> None:
    text = token(bank.secret)
    assert bank.why(text) == ""
    assert bank.why(text) == Reason.REPLAYED
    # Written otherwise, or signed by another key, it is the same token.
    again = token(bank.pair, jti=json.loads(_claims_of(text))["jti"])
    assert bank.why(again) == Reason.REPLAYED
    assert bank.why(text + "=") in {Reason.MALFORMED, Reason.SIGNATURE, Reason.REPLAYED}


def test_two_sites_may_count_their_tokens_alike(bank: Bank) -> None:
    other = site("Другой")
    key = Secret(bank.admin, other)
    assert bank.why(token(bank.secret, jti="1")) == ""
    assert bank.why(token(key, jti="1"), at=other) == ""


def test_what_is_refused_is_not_used_up(bank: Bank) -> None:
    forged = token(bank.secret, jti="mine")
    assert bank.why(forged[:-4] + "AAAA") == Reason.SIGNATURE
    assert bank.why(token(bank.secret, jti="mine", aud="https://other.example")) == Reason.AUDIENCE
    assert bank.why(token(bank.secret, jti="mine")) == ""


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "iat", "exp", "jti", "origin"])
def test_every_claim_must_be_there(bank: Bank, name: str) -> None:
    missing = Reason.AUDIENCE if name == "aud" else Reason.CLAIMS
    assert bank.why(token(bank.secret, **{name: ...})) == missing


WRONG = [None, True, 7, 7.5, "", [], {}, [ISSUER], "x" * 256, "с\x00нулём", "две\nстроки", "\ud800"]


@pytest.mark.parametrize("name", ["iss", "sub", "jti", "origin"])
def test_texts_are_short_texts(bank: Bank, name: str) -> None:
    for value in WRONG:
        assert bank.why(token(bank.secret, **{name: value})) == Reason.CLAIMS, value


@pytest.mark.parametrize("name", ["iat", "exp", "nbf"])
def test_instants_are_whole_numbers(bank: Bank, name: str) -> None:
    for value in (None, True, "1700000000", 1.7e9, [], {}):
        assert bank.why(token(bank.secret, **{name: value})) == Reason.CLAIMS, value


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"iss": "https://bank.example/identity/"}, Reason.ISSUER),
        ({"iss": "https://evil.example"}, Reason.ISSUER),
        ({"aud": "https://otklik.test"}, Reason.AUDIENCE),
        ({"aud": AUDIENCE + "/"}, Reason.AUDIENCE),
        ({"aud": [AUDIENCE, "https://other.example"]}, Reason.AUDIENCE),
        ({"aud": []}, Reason.AUDIENCE),
        ({"aud": {AUDIENCE: True}}, Reason.AUDIENCE),
        ({"origin": "https://evil.example"}, Reason.ORIGIN),
        ({"origin": ORIGIN + "/"}, Reason.ORIGIN),
        ({"origin": ORIGIN.upper()}, Reason.ORIGIN),
        ({"origin": "null"}, Reason.ORIGIN),
    ],
)
def test_it_is_of_this_issuer_for_us_and_for_this_page(
    bank: Bank, fields: dict[str, Any], reason: Reason
) -> None:
    assert bank.why(token(bank.secret, **fields)) == reason


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "https://evil.example",
        "https://bank.example.evil.example",
        "http://bank.example",
    ],
)
def test_the_page_that_shows_us_must_be_the_one_it_was_signed_for(bank: Bank, origin: str) -> None:
    assert bank.why(token(bank.secret), origin) == Reason.ORIGIN
    # Both may say so, and it is none of the site's.
    said = {} if not origin else {"origin": origin}
    assert bank.why(token(bank.secret, **said), origin) == Reason.ORIGIN


def test_a_page_of_another_origin_of_the_same_site_is_another_page(bank: Bank) -> None:
    two = site(origins=(ORIGIN, "https://cards.bank.example"))
    key = Secret(bank.admin, two)
    assert bank.why(token(key), "https://cards.bank.example", two) == Reason.ORIGIN
    mine = token(key, origin="https://cards.bank.example")
    assert bank.why(mine, "https://cards.bank.example", two) == ""


@pytest.mark.parametrize(
    ("iat", "exp", "reason"),
    [
        (0, 300, ""),
        (0, 301, Reason.LIFETIME),
        (0, 0, Reason.LIFETIME),
        (0, -1, Reason.LIFETIME),
        (0, 10**12, Reason.LIFETIME),
        (-(10**12), 200, Reason.LIFETIME),
        (28, 328, ""),
        (33, 333, Reason.EARLY),
        (-328, -28, ""),
        (-333, -33, Reason.EXPIRED),
    ],
)
def test_it_lives_five_minutes_and_clocks_are_half_a_minute_apart(
    bank: Bank, iat: int, exp: int, reason: str
) -> None:
    at = int(clock.now().timestamp())
    assert bank.why(token(bank.secret, iat=at + iat, exp=at + exp)) == reason


def test_it_may_say_from_when_on(bank: Bank) -> None:
    at = int(clock.now().timestamp())
    assert bank.why(token(bank.secret, nbf=at + 60)) == Reason.EARLY
    assert bank.why(token(bank.secret, nbf=at - 60)) == ""


# ------------------------------------------------------------------------------------- forgeries


@pytest.mark.parametrize("kind", ["secret", "pair"])
def test_unsigned_is_unsigned_however_it_is_written(bank: Bank, kind: str) -> None:
    key, refused = getattr(bank, kind), {Reason.ALGORITHM, Reason.MALFORMED}
    for alg in ("none", "None", "nOnE", "NONE", "", None, ..., 0, ["HS256"], {}):
        signed = token(key, header={"alg": alg})
        assert bank.why(signed) in refused, alg
        assert bank.why(signed.rpartition(".")[0] + ".") in refused, alg


def test_the_public_key_is_no_secret(bank: Bank) -> None:
    for secret in (bank.pair.pem, bank.pair.pem.strip(), bank.pair.row.public_key):
        head = {"typ": "JWT", "alg": "HS256", "kid": bank.pair.row.name}
        message = f"{b64(json.dumps(head))}.{b64(json.dumps(claims()))}"
        forged = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
        assert bank.why(f"{message}.{b64(forged)}") == Reason.ALGORITHM


def test_a_key_signs_with_its_own_algorithm_only(bank: Bank) -> None:
    for alg in ("EdDSA", "Ed25519", "HS384", "HS512", "RS256", "PS256", "ES256", "hs256", "dir"):
        assert bank.why(token(bank.secret, header={"alg": alg})) == Reason.ALGORITHM, alg
    assert bank.why(token(bank.pair, header={"kid": bank.secret.row.name})) == Reason.ALGORITHM
    assert bank.why(token(bank.secret, header={"kid": bank.pair.row.name})) == Reason.ALGORITHM


KIDS = [
        "k99", "", None, ..., 1, True, ["k1"], {"k1": 1}, "K1", "k1 ", "k1\x00",
        "../../../../dev/null", "/etc/hostname", "k1' OR '1'='1", "' UNION SELECT 'x", "%", "k_",
        "https://evil.example/key",
]  # fmt: skip


def test_the_header_names_a_key_and_finds_nothing_else_by_it(bank: Bank) -> None:
    for kid in KIDS:
        why = bank.why(token(bank.secret, header={"kid": kid}))
        assert why in {Reason.KEY, Reason.MALFORMED}, kid


def test_a_key_of_another_site_is_no_key_here(bank: Bank) -> None:
    other = site("Другой")
    key = Secret(bank.admin, other)
    assert key.row.name == bank.secret.row.name  # named alike, and yet another's
    assert bank.why(token(key)) == Reason.SIGNATURE
    third = Secret(bank.admin, other)
    Secret.__init__(third, bank.admin, site("Третий"))
    key.row.name = "only-there"
    session.flush()
    assert bank.why(token(key)) == Reason.KEY


def test_of_two_live_keys_each_is_good_until_it_retires(bank: Bank) -> None:
    assert bank.why(token(bank.secret)) == bank.why(token(bank.pair)) == ""
    text = token(bank.pair)
    keys.retire(bank.admin, bank.pair.row)
    session.flush()
    assert bank.why(text) == bank.why(token(bank.pair)) == Reason.KEY
    assert bank.why(token(bank.secret)) == ""


def test_a_secret_moved_into_another_row_is_none(bank: Bank) -> None:
    mine = site("Свой")
    key = Secret(bank.admin, mine)
    bank.secret.row.secret = key.row.secret
    session.flush()
    message = token(bank.secret).rpartition(".")[0]
    assert bank.why(f"{message}.{b64(key.sign(message.encode()))}") == Reason.KEY


HEADERS = [
        {"crit": ["exp"]}, {"crit": []}, {"b64": False, "crit": ["b64"]}, {"b64": False},
        {"jku": "https://evil.example/keys"}, {"x5u": "https://evil.example/cert"},
        {"jwk": {"kty": "oct", "k": "AAAA"}}, {"x5c": ["MIIB"]}, {"zip": "DEF"},
        {"enc": "A256GCM"}, {"cty": "JWT"}, {"typ": "at+jwt"}, {"typ": 7}, {"p2c": 10**9},
]  # fmt: skip


def test_a_header_says_three_words_and_no_more(bank: Bank) -> None:
    for more in HEADERS:
        why = bank.why(token(bank.secret, header=more))
        assert why in {Reason.HEADER, Reason.MALFORMED}, more


def test_a_header_may_leave_out_what_it_is(bank: Bank) -> None:
    assert bank.why(token(bank.secret, header={"typ": ...})) == ""
    assert bank.why(token(bank.secret, header={"typ": "jwt"})) == ""


def test_a_changed_word_is_a_broken_seal(bank: Bank) -> None:
    for key in (bank.secret, bank.pair):
        head, _body, seal = token(key).split(".")
        body = b64(json.dumps(claims(sub="somebody-else")))
        assert bank.why(f"{head}.{body}.{seal}") == Reason.SIGNATURE
        assert bank.why(f"{head}.{body}.") == Reason.SIGNATURE


GARBAGE = [
        "", ".", "..", "...", "....", "a.b", "a.b.c", "é.é.é", "\ud800..", "\x00.\x00.\x00",
        "W10.e30.AAAA", "bnVsbA.e30.AAAA",
        "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA",
        '{"payload":"e30","protected":"e30","signature":"AAAA"}', "Bearer eyJ.e30.AAAA",
        "a" * 5000, ".".join(["a" * 2000] * 3),
]  # fmt: skip


def test_what_is_no_token_is_refused_unread(bank: Bank) -> None:
    for text in GARBAGE:
        assert bank.why(text) == Reason.MALFORMED, text


def signed(bank: Bank, body: str) -> str:
    """A body that no library would write, signed as it should be."""
    head = b64(json.dumps({"alg": "HS256", "kid": bank.secret.row.name}))
    message = f"{head}.{b64(body)}"
    return f"{message}.{b64(bank.secret.sign(message.encode()))}"


def test_claims_are_an_object(bank: Bank) -> None:
    for body in ("[]", '"text"', "7", "null", "", "{", "NaN", "[" * 2500, '{"iss":' * 200):
        assert bank.why(signed(bank, body)) in {Reason.SIGNATURE, Reason.MALFORMED}, body


def test_numbers_beyond_counting_are_refused(bank: Bank) -> None:
    for number in ("1e400", "-1e400", "NaN", "Infinity", "9" * 2000, "1" + "0" * 40):
        body = json.dumps(claims(exp="HERE")).replace('"HERE"', number)
        assert bank.why(signed(bank, body)) in {Reason.CLAIMS, Reason.LIFETIME}, number


def test_a_long_token_is_not_looked_at(bank: Bank) -> None:
    short, long = token(bank.secret, note="x" * 2000), token(bank.secret, note="x" * 4000)
    assert len(short) < tokens.LONGEST < len(long)
    assert bank.why(short) == ""
    assert bank.why(long) == Reason.MALFORMED


@given(st.text(max_size=200) | st.lists(st.text(max_size=40), min_size=3, max_size=3).map(".".join))
@checked(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_garbage_is_a_token_or_breaks_anything(bank: Bank, text: str) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip(ONCE)
    assert bank.why(text) != ""


@given(st.integers(min_value=0, max_value=10**6), st.sampled_from("ABCxyz019-_.="))
@checked(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_other_letter_anywhere_in_a_token_is_taken_twice(
    bank: Bank, place: int, letter: str
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip(ONCE)
    text = token(bank.secret, jti="one")
    place %= len(text)
    bank.why(text)  # used up: what differs only in how it is written is it again
    assert bank.why(text[:place] + letter + text[place + 1 :]) != ""


# --------------------------------------------------------------------------------------- keeping


def test_of_a_token_only_a_hash_is_kept_and_not_for_long(bank: Bank) -> None:
    bank.why(token(bank.secret, jti="secret-number"))
    [used] = session.query(UsedToken).all()
    assert "secret" not in used.digest
    assert used.expires_at > clock.now() + timedelta(seconds=300)
    [term] = [t for t in retention.terms() if t.name == "widget_tokens"]
    assert list(retention.clean(term, term.days, ())) == []
    used.expires_at = clock.now() - timedelta(days=1, minutes=1)
    session.flush()
    assert sum(retention.clean(term, term.days, ())) == 1


def test_it_is_noted_that_a_key_is_in_use(bank: Bank) -> None:
    assert bank.secret.row.used_at is None
    bank.why(token(bank.secret, aud="elsewhere"))
    assert bank.secret.row.used_at is None
    bank.why(token(bank.secret))
    noted = bank.secret.row.used_at
    assert noted is not None
    bank.why(token(bank.secret))
    assert bank.secret.row.used_at == noted  # not by each page that is opened


def _claims_of(text: str) -> bytes:
    body = text.split(".")[1]
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
