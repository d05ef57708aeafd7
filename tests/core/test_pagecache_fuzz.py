"""No byte of anybody's ever leaves the page cache: many people, many headers, in any order."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.accounts.models import Session
from app.accounts.sessions import digest
from app.core import clock
from app.core.db import session
from tests.conftest import BASE_URL
from tests.core.test_pagecache import Machine, machines, topic, twins  # noqa: F401 (fixtures)

if TYPE_CHECKING:
    from flask import Flask

    from app.topics.models import Topic
    from tests.builders import Builders

# Each has a name that nobody else has, so that it can be looked for.
PEOPLE = ("Аксинья Первая", "Богдана Вторая", "Велимира Третья")
ROLES = ("customer", "executive", "administrator")
KEYS = [f"key-of-person-number-{number}" for number in range(len(PEOPLE))]
# What a stranger may send that must not stand in anybody else's page.
POISON = "poison-7f3a"

COOKIES = st.lists(
    st.one_of(
        st.sampled_from([f"sid={key}" for key in KEYS]),
        st.sampled_from([f"__Host-sid={key}" for key in KEYS]),
        st.sampled_from(
            ["lang=uk", "lang=en", 'lang="en"', "lang=xx", "lang=", "lang=ru; lang=en"]
        ),
        st.sampled_from(
            ["guest=AAAAAAAAAAAAAAAAAAAAAA", f"_ga={POISON}", ";;", "=", " sid = x", "a"]
        ),
        st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12),
    ),
    max_size=4,
)
WORTH = st.one_of(
    st.just(POISON),
    st.sampled_from(
        ["bytes=0-5", "*", "true", f"https://{POISON}.test/", "en", "gzip", "no-cache"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "Accept-Language", "Accept-Encoding", "Accept", "User-Agent", "Referer", "Origin",
            "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix",
            "Forwarded", "X-Original-URL", "X-HTTP-Method-Override", "X-Language", "Range",
            "If-None-Match", "If-Modified-Since", "If-Match", "Authorization", "HX-Request",
            "HX-Boosted", "X-Fragment", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest",
            "Sec-Purpose", "Cache-Control", "Pragma", "X-Requested-With", "Content-Type", "TE",
        ]
    ),
    WORTH,
    max_size=5,
)  # fmt: skip
QUERY = st.sampled_from(
    ["", "?view=ideas", "?view=recent", f"?utm={POISON}", f"?view={POISON}", "?cursor=x", "?view=",
     f"?cursor={POISON}&view=ideas", "?view=a&view=b", f"?{POISON}"]
)  # fmt: skip
REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["/", "/tags", "/executives", "/feed.atom", "/ideas", "TOPIC"]),
        QUERY,
        st.sampled_from(["GET", "GET", "GET", "HEAD"]),
        HEADERS,
        COOKIES,
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture
def signed_in(machines: list[Machine], committed: Builders) -> list[Machine]:  # noqa: F811
    """Three people, each signed in by a key of their own."""
    for name, role, key in zip(PEOPLE, ROLES, KEYS, strict=True):
        person = committed.person(role, name=name, locale="ru", confirmed_at=clock.now())
        data = {"_user_id": str(person.id), "_fresh": True, "proved": clock.now().timestamp()}
        row = Session(
            key_hash=digest(key), data=data, person_id=person.id, browser="", seen_at=clock.now()
        )
        session.add(row)
    session.commit()
    return machines


def nothing_of_anybody_is_kept(here: Machine) -> None:
    """Whatever was sent: nothing on the shelf names them, gives a cookie or holds their words."""
    for part in here.cache.shelf._parts:
        for key, kept in part.pages.items():
            said = kept.body + repr(kept.headers).encode()
            for name in PEOPLE:
                assert name.encode() not in said
            for secret in (b"key-of-person", b"Set-Cookie", b"sign-out", b"nonce"):
                assert secret not in said
            assert POISON.encode() not in said or POISON in key.query


def test_whoever_asks_however_the_next_reader_gets_what_is_for_everybody(
    app: Flask,
    signed_in: list[Machine],
    topic: Topic,  # noqa: F811
) -> None:
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql"):
        pytest.skip("nothing here depends on the database")
    here, number = signed_in[0], topic.id
    # What a stranger reads who sends nothing at all, made by Flask for them alone.
    usual: dict[str, bytes] = {}

    def strangers(address: str) -> bytes:
        if address not in usual:
            here.forget()
            usual[address] = here.ask(address).get_data()
        return usual[address]

    @hypothesis_settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        derandomize=True,
        database=None,
    )
    @given(REQUESTS)
    def ask(requests: list[Any]) -> None:
        sent = [(path.replace("TOPIC", f"/topics/{number}") + q, *m) for path, q, *m in requests]
        for address, *_ in sent:
            strangers(address)
        here.forget()
        for address, method, headers, cookies in sent:
            cookie = {"Cookie": "; ".join(cookies)} if cookies else {}
            answer = here.ask(address, method, **headers, **cookie)
            assert answer.status_code < 500
            for name, key in zip(PEOPLE, KEYS, strict=True):
                if f"sid={key}" not in cookie.get("Cookie", ""):
                    assert name.encode() not in answer.get_data()
        nothing_of_anybody_is_kept(here)
        for address, *_ in sent:
            assert here.ask(address).get_data() == strangers(address)

    with time_machine.travel(clock.now() + timedelta(seconds=1), tick=False):
        ask()
    assert len(here.cache.shelf) > 0


def test_the_fuzz_would_notice(signed_in: list[Machine]) -> None:
    """Those keys do sign in, past the cache: their names would be seen if they were kept."""
    here = signed_in[0]
    for name, key in zip(PEOPLE, KEYS, strict=True):
        answer = here.ask("/", Cookie=f"sid={key}")
        assert name in answer.get_data(as_text=True)
        assert answer.headers["Cache-Control"] == "no-store"
    assert len(here.cache.shelf) == 0
    assert here.app.config["PUBLIC_URL"] == BASE_URL
