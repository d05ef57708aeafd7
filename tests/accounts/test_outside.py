"""Coming in through the bank's own provider of identities: what is believed, and what is not."""

from __future__ import annotations

import html
import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from sqlalchemy import func, select

from app.accounts import queries
from app.accounts.models import OutsideIdentity, Person, Session
from app.accounts.outside import asking, discovery, entering, providers
from app.accounts.outside.asking import ProviderError
from app.core.db import db, session
from app.core.events import Fact
from app.insight import health
from app.moderation.service import restrain
from config import ROOT
from tests.accounts.provider import IdentityProvider, ec, rsa, signed_with_the_public_key, unsigned

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.builders import Builders
    from tests.conftest import Browser

DATA = Path(os.environ.get("OTKLIK_DATA", Path(__file__).parents[3] / "shared" / "data"))
WELL_KNOWN = DATA / "oidc" / "wellknown" / "issuers"
ROLES = {
    "executive": frozenset({"answering"}),
    "manager": frozenset({"order"}),
    "administrator": frozenset({"all"}),
}
STAFF: dict[str, Any] = {
    "key": "staff",
    "label": "the bank's directory",
    "audience": "staff",
    "roles_claim": "realm.groups",
    "roles": ROLES,
    "post_claim": "title",
    "strong_amr": frozenset({"mfa"}),
}
BACK = "/sign-in/from/bank"


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    discovery.forget()


@pytest.fixture
def know(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let these providers be known, and their answers stand in the place of the network."""

    def these(*pairs: tuple[IdentityProvider, providers.Provider]) -> None:
        by_issuer = {idp.issuer: idp for idp, _ in pairs}

        def fetch(url: str, **how: Any) -> Any:
            return next(i for at, i in by_issuer.items() if url.startswith(at)).fetch(url, **how)

        monkeypatch.setattr(asking, "fetch", fetch)
        monkeypatch.setattr(providers._Known, "providers", tuple(p for _, p in pairs))

    return these


@pytest.fixture
def idp(know: Callable[..., None], house: Builders) -> IdentityProvider:
    """A provider for customers."""
    house.brand()
    made = IdentityProvider()
    know((made, made.provider()))
    return made


@pytest.fixture
def directory(know: Callable[..., None], house: Builders) -> IdentityProvider:
    """A provider for staff."""
    house.brand()
    made = IdentityProvider(issuer="https://sso.bank.example/realms/staff")
    made.person = {
        "sub": "e-7",
        "name": "Пётр Дроздов",
        "email": "p.drozdov@bank.example.org",
        "title": "Директор по картам",
        "realm": {"groups": ["answering", "canteen"]},
        "amr": ["pwd", "mfa"],
    }
    know((made, made.provider(**STAFF)))
    return made


def set_out(browser: Browser, key: str = "bank", **fields: str) -> str:
    """The address at the provider to which the page leads."""
    page = browser.post(f"/sign-in/with/{key}", fields)
    assert page.status_code == 200, page.text
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]*)"', page.text)
    assert found is not None
    return html.unescape(found[1])


def come_back(browser: Browser, sent: dict[str, str], back: str = BACK) -> Any:
    """As the browser does it: the provider's address, then the form that is sent by itself."""
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    page = browser.get(f"{back}?{urlencode(sent)}", headers=elsewhere)
    if page.status_code != 200:
        return page
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    return browser.post(back, {k: html.unescape(v) for k, v in fields.items()})


def through(idp: IdentityProvider, browser: Browser, key: str = "bank", **fields: str) -> Any:
    """All the way there and back."""
    return come_back(
        browser, idp.authorize(set_out(browser, key, **fields)), f"/sign-in/from/{key}"
    )


def joined(idp: IdentityProvider, browser: Browser, name: str = "Ольга П") -> Person:
    answer = through(idp, browser)
    assert answer.location == "/sign-in/welcome", answer.text
    assert browser.post("/sign-in/welcome", {"name": name}).status_code == 303
    known = queries.identity(idp.issuer, idp.person["sub"])
    assert known is not None
    return known.person


def who(browser: Browser) -> int | None:
    with browser.client.session_transaction(base_url="http://otklik.test") as data:
        found = data.get("_user_id")
    session.expire_all()
    return int(found) if found else None


def people() -> int:
    return session.scalar(select(func.count()).select_from(Person)) or 0


def count_identities() -> int:
    return session.scalar(select(func.count()).select_from(OutsideIdentity)) or 0


# ----------------------------------------------------------------------------------- the happy path


def test_a_customer_comes_in_chooses_a_name_and_is_known_the_next_time(
    idp: IdentityProvider, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    idp.person |= {"email": "olga@mail.example.org", "email_verified": True}
    assert "Bank ID" in browser.get("/sign-in").text
    answer = through(idp, browser, next="/ask")
    assert answer.location == "/sign-in/welcome"
    assert "Ольга Петрова" in browser.get("/sign-in/welcome").text
    answer = browser.post("/sign-in/welcome", {"name": "Ольга П"})
    assert answer.location == "/ask"

    person = session.get(Person, who(browser))
    assert person is not None
    assert (person.name, person.email, person.role) == (
        "Ольга П", "olga@mail.example.org", "customer",
    )  # fmt: skip
    assert person.is_active
    assert person.password_hash is None

    phone = new_browser()
    idp.person["name"] = "Совсем Другая"
    assert through(idp, phone).location == "/"
    assert who(phone) == person.id
    assert count_identities() == 1
    facts = session.scalars(select(Fact).where(Fact.name == "SignedIn")).all()
    assert [f.data["method"] for f in facts] == ["outside", "outside"]


def test_setting_out_asks_for_what_the_standard_wants(
    idp: IdentityProvider, browser: Browser
) -> None:
    url = set_out(browser)
    asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
    assert asked["scope"].split()[0] == "openid"
    assert asked["redirect_uri"] == f"http://otklik.test{BACK}"
    assert len(asked["state"]) >= 22
    assert len(asked["nonce"]) >= 22
    assert asked["state"] != asked["nonce"]
    again = parse_qs(urlsplit(set_out(browser)).query)
    assert again["state"][0] != asked["state"]
    assert again["code_challenge"][0] != asked["code_challenge"]


def test_a_name_that_could_be_the_bank_s_is_refused_at_the_welcome(
    idp: IdentityProvider, browser: Browser
) -> None:
    through(idp, browser)
    for name in ("Поддержка", "Банк Пример", "Аdmin", "О"):
        assert browser.post("/sign-in/welcome", {"name": name}).status_code == 422
    assert count_identities() == 0


def test_an_unproved_address_is_not_taken_over(idp: IdentityProvider, browser: Browser) -> None:
    idp.person |= {"email": "olga@mail.example.org", "email_verified": "true"}
    assert joined(idp, browser).email is None


def test_elliptic_keys_serve_as_well(idp: IdentityProvider, browser: Browser) -> None:
    idp.key = ec("curve")
    assert through(idp, browser).location == "/sign-in/welcome"


# ----------------------------------------------------------------------------- what is not believed


def wrong_state(idp: IdentityProvider, browser: Browser) -> Any:
    return come_back(browser, {**idp.authorize(set_out(browser)), "state": "another"})


def no_state(idp: IdentityProvider, browser: Browser) -> Any:
    return browser.post(BACK, {"code": idp.authorize(set_out(browser))["code"]})


def another_client(idp: IdentityProvider, browser: Browser) -> Any:
    idp.claims = {"aud": "another-client"}
    return through(idp, browser)


def several_audiences_no_party(idp: IdentityProvider, browser: Browser) -> Any:
    idp.claims = {"aud": ["another-client", "third"]}
    return through(idp, browser)


def another_party(idp: IdentityProvider, browser: Browser) -> Any:
    idp.claims = {"aud": ["otklik", "another-client"], "azp": "another-client"}
    return through(idp, browser)


def wrong_nonce(idp: IdentityProvider, browser: Browser) -> Any:
    idp.claims = {"nonce": "another"}
    return through(idp, browser)


def no_nonce(idp: IdentityProvider, browser: Browser) -> Any:
    idp.claims = {"nonce": None}
    return through(idp, browser)


def expired(idp: IdentityProvider, browser: Browser) -> Any:
    idp.claims = {"iat": int(time.time()) - 900, "exp": int(time.time()) - 600}
    return through(idp, browser)


def without_end(idp: IdentityProvider, browser: Browser) -> Any:
    idp.claims = {"exp": None}
    return through(idp, browser)


def from_the_future(idp: IdentityProvider, browser: Browser) -> Any:
    idp.claims = {"iat": int(time.time()) + 600, "exp": int(time.time()) + 900}
    return through(idp, browser)


def of_nobody(idp: IdentityProvider, browser: Browser) -> Any:
    idp.claims = {"sub": ""}
    return through(idp, browser)


def of_a_number(idp: IdentityProvider, browser: Browser) -> Any:
    idp.claims = {"sub": 7}
    return through(idp, browser)


def another_issuer_in_the_token(idp: IdentityProvider, browser: Browser) -> Any:
    idp.claims = {"iss": "https://id.bank.example/"}
    return through(idp, browser)


def another_issuer_in_the_answer(idp: IdentityProvider, browser: Browser) -> Any:
    sent = idp.authorize(set_out(browser))
    return come_back(browser, {**sent, "iss": "https://evil.example"})


def silent_issuer_that_names_itself(idp: IdentityProvider, browser: Browser) -> Any:
    idp.said = {"authorization_response_iss_parameter_supported": True}
    return through(idp, browser)


def signed_by_nobody(idp: IdentityProvider, browser: Browser) -> Any:
    idp.sign = unsigned
    return through(idp, browser)


def signed_with_what_everybody_reads(idp: IdentityProvider, browser: Browser) -> Any:
    idp.sign = signed_with_the_public_key(idp.key)
    return through(idp, browser)


def signed_by_another(idp: IdentityProvider, browser: Browser) -> Any:
    sent = idp.authorize(set_out(browser))
    stranger = IdentityProvider(key=rsa("second"))
    stranger.key = type(stranger.key).import_key(
        {**rsa("second").as_dict(private=True), "kid": idp.key.kid}
    )
    idp.sign = lambda claims: _signed(claims, stranger.key)
    return come_back(browser, sent)


def no_token_at_all(idp: IdentityProvider, browser: Browser) -> Any:
    idp.sign = lambda _claims: ""
    return through(idp, browser)


def garbage(idp: IdentityProvider, browser: Browser) -> Any:
    idp.sign = lambda _claims: "a.b.c"
    return through(idp, browser)


def another_code(idp: IdentityProvider, browser: Browser) -> Any:
    return come_back(browser, {**idp.authorize(set_out(browser)), "code": "made-up"})


def a_code_of_another_browser_s(idp: IdentityProvider, browser: Browser) -> Any:
    """The proof key is another one, so a code that was stolen is worth nothing."""
    stolen = idp.authorize(set_out(browser))["code"]
    mine = idp.authorize(set_out(browser))
    return come_back(browser, {**mine, "code": stolen})


def _signed(claims: dict[str, Any], key: Any) -> str:
    from joserfc import jwt  # noqa: PLC0415

    return str(jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key))


ATTACKS = [
    wrong_state, no_state, another_client, several_audiences_no_party, another_party, wrong_nonce,
    no_nonce, expired, without_end, from_the_future, of_nobody, of_a_number,
    another_issuer_in_the_token, another_issuer_in_the_answer, silent_issuer_that_names_itself,
    signed_by_nobody, signed_with_what_everybody_reads, signed_by_another, no_token_at_all, garbage,
    another_code, a_code_of_another_browser_s,
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_nobody_comes_in_by_what_cannot_be_believed(
    idp: IdentityProvider, browser: Browser, attack: Callable[..., Any]
) -> None:
    if db.engine.dialect.name != "sqlite" and attack not in {wrong_state, wrong_nonce, expired}:
        pytest.skip("what is believed is the same on every database")
    before = people()
    answer = attack(idp, browser)
    assert answer.status_code == 400, answer.status_code
    assert who(browser) is None
    assert browser.get("/sign-in/welcome").status_code == 303
    assert (people(), count_identities()) == (before, 0)


def test_what_came_back_once_is_worth_nothing_again(
    idp: IdentityProvider, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    sent = idp.authorize(set_out(browser))
    grant = dict(idp.grants[sent["code"]])
    stolen = new_browser()
    assert come_back(stolen, sent).status_code == 400, "bound to the browser that set out"
    assert come_back(browser, sent).location == "/sign-in/welcome"
    idp.grants[sent["code"]] = grant  # a provider that would take its code twice
    assert come_back(browser, sent).status_code == 400
    assert browser.post(BACK, sent).status_code == 400


def test_who_takes_too_long_begins_anew(idp: IdentityProvider, browser: Browser) -> None:
    sent = idp.authorize(set_out(browser))
    with time_machine.travel(time.time() + 700, tick=False):
        assert come_back(browser, sent).status_code == 400


def test_coming_back_changes_nothing_before_the_form_is_sent(
    idp: IdentityProvider, browser: Browser
) -> None:
    sent = idp.authorize(set_out(browser))
    asked = len(idp.asked)
    page = browser.get(f"{BACK}?{urlencode(sent)}")
    assert page.status_code == 200
    assert 'data-js="onward"' in page.text
    assert len(idp.asked) == asked
    assert who(browser) is None


def test_who_turns_back_there_is_told_kindly(idp: IdentityProvider, browser: Browser) -> None:
    sent = idp.authorize(set_out(browser))
    page = browser.get(f"{BACK}?error=access_denied&state={sent['state']}")
    assert page.status_code == 400
    assert "access_denied" not in page.text
    assert sent["state"] not in page.text


def test_a_provider_that_is_away_is_no_fault_of_ours(
    idp: IdentityProvider, browser: Browser
) -> None:
    idp.is_away = True
    assert browser.post("/sign-in/with/bank").status_code == 502
    assert browser.post("/sign-in/with/nobody").status_code == 404


def test_new_keys_are_asked_for_once(idp: IdentityProvider, browser: Browser) -> None:
    joined(idp, browser)
    idp.key = rsa("second")
    with time_machine.travel(time.time() + 120, tick=True):
        idp.asked.clear()
        browser.post("/sign-out")
        assert through(idp, browser).location == "/"
        assert idp.asked.count(f"{idp.issuer}/keys") == 1
        # A key that is nowhere does not make us ask again and again.
        idp.sign = lambda claims: _signed(claims, _renamed(rsa("second"), "nowhere"))
        browser.post("/sign-out")
        for _ in range(3):
            assert through(idp, browser).status_code == 400
        assert idp.asked.count(f"{idp.issuer}/keys") == 1


def _renamed(key: Any, kid: str) -> Any:
    return type(key).import_key({**key.as_dict(private=True), "kid": kid})


def test_two_providers_are_not_mixed_up(
    idp: IdentityProvider, know: Callable[..., None], browser: Browser
) -> None:
    other = IdentityProvider(issuer="https://evil.example", client_secret="theirs")
    know((idp, idp.provider()), (other, other.provider(key="other", label="Other")))
    sent = idp.authorize(set_out(browser))
    assert come_back(browser, sent, "/sign-in/from/other").status_code == 400
    assert not any(url.startswith(f"{other.issuer}/token") for url in other.asked)


# ------------------------------------------------------------------------------ whose account it is


def test_an_e_mail_opens_nobody_s_account(
    idp: IdentityProvider, house: Builders, browser: Browser
) -> None:
    owner = house.customer(email="olga@mail.example.org")
    idp.person |= {"email": "Olga@mail.example.org", "email_verified": True}
    answer = through(idp, browser)
    assert answer.status_code == 403
    assert who(browser) is None
    assert queries.identities_of(owner) == []


def test_its_owner_links_it_after_signing_in_and_unlinks_it_again(
    idp: IdentityProvider,
    house: Builders,
    browser: Browser,
    new_browser: Callable[[], Browser],
) -> None:
    owner = house.customer(email="olga@mail.example.org", with_password=True)
    idp.person |= {"email": "olga@mail.example.org", "email_verified": True}
    browser.post("/sign-in", {"email": owner.email, "password": "correct horse battery"})
    assert "/profile/known-to/bank" in browser.get("/profile/safety").text
    page = browser.post("/profile/known-to/bank")
    url = html.unescape(re.search(r'content="0; url=([^"]*)"', page.text)[1])  # type: ignore[index]
    assert come_back(browser, idp.authorize(url)).location == "/profile/safety"

    phone = new_browser()
    assert through(idp, phone).location == "/"
    assert who(phone) == owner.id

    [identity] = queries.identities_of(owner)
    where = f"/profile/known-to/{identity.id}/unlink"
    stranger = new_browser().sign_in(house.customer())
    assert stranger.post(where).status_code == 404
    assert len(queries.identities_of(owner)) == 1
    browser.post(where)
    assert queries.identities_of(owner) == []


def test_the_only_way_in_is_not_unlinked(idp: IdentityProvider, browser: Browser) -> None:
    person = joined(idp, browser)
    [identity] = queries.identities_of(person)
    browser.post(f"/profile/known-to/{identity.id}/unlink")
    assert len(queries.identities_of(person)) == 1
    person.password_hash = "something"
    assert entering.may_unlink(person)


def test_what_is_linked_with_one_account_is_not_linked_with_another(
    idp: IdentityProvider, house: Builders, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    first = joined(idp, browser)
    second = house.customer(with_password=True)
    phone = new_browser()
    phone.post("/sign-in", {"email": second.email, "password": "correct horse battery"})
    page = phone.post("/profile/known-to/bank")
    url = html.unescape(re.search(r'content="0; url=([^"]*)"', page.text)[1])  # type: ignore[index]
    assert come_back(phone, idp.authorize(url)).status_code == 403
    assert [i.person_id for i in session.scalars(select(OutsideIdentity))] == [first.id]


def test_an_account_begun_with_their_address_is_not_its_beginner_s(
    idp: IdentityProvider, house: Builders, browser: Browser
) -> None:
    begun = house.customer(email="olga@mail.example.org", confirmed_at=None, with_password=True)
    idp.person |= {"email": "olga@mail.example.org", "email_verified": True}
    person = joined(idp, browser)
    assert person.id == begun.id
    assert person.password_hash is None


def test_an_invited_colleague_s_account_is_not_a_customer_s(
    idp: IdentityProvider, house: Builders, browser: Browser
) -> None:
    invited = house.executive(email="chief@bank.example.org", confirmed_at=None)
    idp.person |= {"email": "chief@bank.example.org", "email_verified": True}
    assert through(idp, browser).status_code == 403
    assert queries.identities_of(invited) == []


def test_who_is_shut_out_stays_out(idp: IdentityProvider, browser: Browser) -> None:
    person = joined(idp, browser)
    browser.post("/sign-out")
    person.disabled_at = person.created_at
    assert through(idp, browser).status_code == 403
    assert who(browser) is None


def test_who_is_suspended_is_told_why(
    idp: IdentityProvider, browser: Browser, house: Builders
) -> None:
    person = joined(idp, browser)
    restrain(house.manager(), person, "suspend", "Реклама в ответах.", None)
    session.commit()
    answer = through(idp, browser)
    assert answer.status_code == 422
    assert "Реклама в ответах." in answer.text
    assert who(browser) is None


# -------------------------------------------------------------------------------------------- staff


def test_a_colleague_comes_in_with_the_role_their_directory_gives(
    directory: IdentityProvider, browser: Browser
) -> None:
    assert through(directory, browser, "staff").location == "/desk"
    person = session.get(Person, who(browser))
    assert person is not None
    assert (person.role, person.post) == ("executive", "Директор по картам")
    assert person.email == "p.drozdov@bank.example.org"
    # More than a password was asked for there, so nothing more is asked for here.
    assert browser.get("/desk").status_code == 200

    directory.person["realm"] = {"groups": ["order", "answering"]}
    browser.post("/sign-out")
    assert through(directory, browser, "staff").location == "/manage/board"
    assert person.role == "manager"


def test_a_password_alone_there_is_one_proof_here(
    directory: IdentityProvider, browser: Browser
) -> None:
    directory.person["amr"] = ["pwd"]
    through(directory, browser, "staff")
    with browser.client.session_transaction(base_url="http://otklik.test") as data:
        assert not data.get("second")


def test_without_a_role_there_nobody_is_staff(
    directory: IdentityProvider, browser: Browser
) -> None:
    before = people()
    for groups in ([], ["canteen"], "answeringg", {"answering": True}, None, [["answering"]]):
        directory.person["realm"] = {"groups": groups}
        assert through(directory, browser, "staff").status_code == 403
    assert people() == before


def test_a_role_that_is_taken_away_shuts_out_at_once(
    directory: IdentityProvider, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    through(directory, browser, "staff")
    person = session.get(Person, who(browser))
    assert person is not None
    directory.person["realm"] = {"groups": []}
    phone = new_browser()
    assert through(directory, phone, "staff").status_code == 403
    assert (person.role, who(phone)) == ("customer", None)
    query = select(func.count()).select_from(Session).where(Session.person_id == person.id)
    assert session.scalar(query) == 0
    assert browser.get("/desk").status_code in {303, 404}


def test_one_who_answers_alone_is_shut_out_all_the_same(
    directory: IdentityProvider, house: Builders, browser: Browser
) -> None:
    through(directory, browser, "staff")
    person = session.get(Person, who(browser))
    assert person is not None
    house.category(owner=person)
    directory.person["realm"] = {}
    assert through(directory, browser, "staff").status_code in {400, 403}
    browser.post("/sign-out")
    assert through(directory, browser, "staff").status_code == 403
    assert person.disabled_at is not None


def test_the_last_administrator_stays_one(
    directory: IdentityProvider, browser: Browser, house: Builders
) -> None:
    directory.person["realm"] = {"groups": ["all"]}
    through(directory, browser, "staff")
    person = session.get(Person, who(browser))
    assert person is not None
    browser.post("/sign-out")
    directory.person["realm"] = {"groups": ["order"]}
    through(directory, browser, "staff")
    assert person.role == "administrator"
    browser.post("/sign-out")
    directory.person["realm"] = {}
    assert through(directory, browser, "staff").status_code == 403
    assert person.role == "administrator"
    assert who(browser) is None
    house.administrator()
    through(directory, browser, "staff")
    assert person.role == "customer"


def test_customers_never_become_staff_whatever_is_claimed(
    know: Callable[..., None], house: Builders, browser: Browser
) -> None:
    house.brand()
    idp = IdentityProvider()
    # Roles the reader of the file would refuse to know for customers.
    know((idp, idp.provider(roles_claim="groups", roles=ROLES)))
    idp.person |= {"groups": ["all"], "role": "administrator"}
    person = joined(idp, browser)
    assert person.role == "customer"
    browser.post("/sign-out")
    through(idp, browser)
    assert person.role == "customer"


def test_staff_do_not_come_in_through_the_customers_door(
    idp: IdentityProvider, browser: Browser, house: Builders
) -> None:
    person = joined(idp, browser)
    browser.post("/sign-out")
    person.role = "manager"
    assert through(idp, browser).status_code == 403
    assert who(browser) is None


# ------------------------------------------------------------------------------ proving and leaving


def test_the_provider_can_be_asked_again_who_they_are(
    idp: IdentityProvider, browser: Browser
) -> None:
    joined(idp, browser)
    with time_machine.travel(time.time() + 3600, tick=True):
        assert "/sign-in/with/bank" in browser.get("/again").text
        url = set_out(browser, next="/profile/address")
        assert "prompt=login" in url
        assert come_back(browser, idp.authorize(url)).location == "/profile/address"
        assert browser.get("/profile/address").status_code == 200
    with time_machine.travel(time.time() + 7200, tick=True):
        idp.claims = {"auth_time": int(time.time()) - 3600}  # signed in there all day
        sent = idp.authorize(set_out(browser))
        assert come_back(browser, sent).status_code == 400
        idp.claims, idp.person = {}, {"sub": "somebody-else"}
        assert come_back(browser, idp.authorize(set_out(browser))).status_code == 403


def test_signing_out_offers_to_sign_out_there_too(idp: IdentityProvider, browser: Browser) -> None:
    joined(idp, browser)
    page = browser.post("/sign-out")
    assert page.status_code == 200
    found = re.search(r'href="(https://id\.bank\.example/out[^"]*)"', page.text)
    assert found is not None
    asked = parse_qs(urlsplit(html.unescape(found[1])).query)
    assert asked["client_id"] == ["otklik"]
    assert asked["post_logout_redirect_uri"] == ["http://otklik.test/"]
    assert asked["id_token_hint"]
    assert who(browser) is None


# --------------------------------------------------------------------------- discovery and settings


def test_six_real_providers_load() -> None:
    if not WELL_KNOWN.is_dir():
        pytest.skip("the collected documents of real providers are not on this machine")
    found = {}
    for path in sorted(WELL_KNOWN.glob("*/*.openid-configuration.json")):
        said = json.loads(path.read_text())
        found[path.parent.name] = discovery.read(said, said["issuer"])
        with pytest.raises(ProviderError, match="calls itself"):
            discovery.read(said, said["issuer"] + "/")
    assert len(found) == 6
    # Only a code is safe to hand through a browser, and one of them offers none.
    assert [name for name, said in found.items() if not said.can_sign_in] == ["facebook"]


def test_the_doctor_asks_every_provider_who_it_is(idp: IdentityProvider) -> None:
    assert health._providers({}).ok
    assert "bank (customers)" in health._providers({}).words
    discovery.forget()
    idp.said = {"issuer": "https://evil.example"}
    found = health._providers({})
    assert not found.ok
    assert "calls itself 'https://evil.example'" in found.words


def test_buttons_stand_only_where_there_are_providers(
    house: Builders, browser: Browser, know: Callable[..., None]
) -> None:
    house.brand()
    assert "/sign-in/with/" not in browser.get("/sign-in").text
    one, two = IdentityProvider(), IdentityProvider(issuer="https://sso.bank.example")
    know((one, one.provider()), (two, two.provider(**STAFF)))
    for path in ("/sign-in?next=/ask", "/sign-up?next=/ask"):
        page = browser.get(path).text
        assert page.index("/sign-in/with/bank") < page.index("/sign-in/with/staff")
        assert '<input type="hidden" name="next" value="/ask">' in page


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"},
        {"issuer": "https://id.bank.example/"},
        {"issuer": None},
        {"token_endpoint": "http://id.bank.example/token"},
        {"jwks_uri": "https://user@id.bank.example/keys"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": 7},
        {"response_types_supported": ["id_token"]},
        {"response_types_supported": None},
        {"code_challenge_methods_supported": ["plain"]},
    ],
    ids=str,
)
def test_a_document_that_does_not_fit_is_refused(
    idp: IdentityProvider, browser: Browser, said: dict[str, Any]
) -> None:
    idp.said = said
    assert browser.post("/sign-in/with/bank").status_code == 502


def test_the_example_file_is_right(tmp_path: Path) -> None:
    (tmp_path / "staff.secret").write_text("s3cret\n")
    path = tmp_path / "providers.toml"
    path.write_text((ROOT / "deploy/sign-in-providers.toml").read_text(encoding="utf-8"))
    customers, staff = providers.read(path)
    assert (customers.audience, customers.roles) == ("customers", {})
    assert (staff.client_secret, staff.private_network) == ("s3cret", True)
    assert staff.roles["manager"] == {"otklik-managers"}
    assert "s3cret" not in repr(staff)


GOOD = 'key="a"\nlabel="A"\naudience="customers"\nissuer="https://a.example"\nclient_id="x"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a table of its own"),
        ("provider = 7", "a table of its own"),
        ("[[provider]]\n", "audience is missing"),
        (GOOD, "a table of its own"),
        ("[[provider]]\n" + GOOD + 'secret="x"', "nothing is called secret"),
        ("[[provider]]\n" + GOOD.replace("https:", "http:"), "begins with https"),
        ("[[provider]]\n" + GOOD.replace('"a"', '"A/b"'), "small letters"),
        ("[[provider]]\n" + GOOD + 'algorithms=["HS256"]', "cannot be trusted"),
        ("[[provider]]\n" + GOOD + 'algorithms=["none"]', "cannot be trusted"),
        ("[[provider]]\n" + GOOD + '[provider.roles]\nmanager=["x"]', "nobody staff"),
        ("[[provider]]\n" + GOOD.replace("customers", "staff"), "needs \\[provider.roles\\]"),
        ("[[provider]]\n" + GOOD + "[[provider]]\n" + GOOD, "two providers have the key"),
        ("[[provider]]\n" + GOOD + 'client_secret_file="no"', "cannot be read"),
        ("key = ", "not TOML"),
    ],
)
def test_a_slip_in_the_file_is_said_plainly(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "providers.toml"
    path.write_text(text)
    with pytest.raises(providers.ProvidersError, match=words):
        providers.init({"SIGN_IN_PROVIDERS": path})
    with pytest.raises(providers.ProvidersError, match="cannot be read"):
        providers.init({"SIGN_IN_PROVIDERS": tmp_path / "none.toml"})
