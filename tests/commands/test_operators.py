"""The operators' commands: they look, say, and repair."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import delete, func, select

import config
from app.accounts import service as accounts
from app.accounts.models import Person
from app.commands.demo import NotEmptyError, fill
from app.commands.demo import accounts as demo_accounts
from app.commands.settings import env_example
from app.core import clock, markup
from app.core.db import session
from app.core.events import Delivery, Fact
from app.core.heartbeat import Beat
from app.insight import health
from app.search.service import keeping as search
from app.sla.models import Tick
from app.sla.queries import promises
from app.topics.models import Topic
from tests.tampering import without_guards

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.builders import Builders
    from tests.conftest import Browser

ROOT = Path(__file__).parents[2]


@pytest.fixture
def flask(app: Flask, transaction: None) -> Callable[..., Any]:
    """Run a command; its result."""

    def run(*words: str) -> Any:
        session.flush()
        result = app.test_cli_runner().invoke(args=words)
        session.expire_all()
        return result

    return run


@pytest.fixture
def well(app: Flask, house: Builders, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is as it should be."""
    monkeypatch.setitem(app.config, "SECRET_KEY", "q8TzW0y3mB5uVn1KxRj7sLd2fGh4cPa6eIoU9kXwZtY=")
    house.category()
    session.merge(Beat(name="worker", at=clock.now()))
    session.merge(Tick(name=promises.A_TICK + "here", at=clock.now()))
    session.commit()
    search.rebuild()


def dead_delivery() -> Delivery:
    fact = Fact(name="TopicOpened", data={"topic_id": 1}, stream="topic:1", at=clock.now())
    session.add(fact)
    session.flush()
    made = Delivery(
        fact_id=fact.id,
        reaction="search.keep_the_index",
        state="dead",
        attempts=10,
        not_before=clock.now(),
        error="Traceback …\nOSError: [Errno 28] the disk is full",
    )
    session.add(made)
    session.flush()
    return made


# ————— doctor, probes


def test_the_doctor_finds_nothing_wrong(flask: Callable[..., Any], well: None) -> None:
    said = flask("doctor")
    assert "✗" not in said.output
    assert said.output.count("✓") == 19
    assert said.exit_code == 0


def test_the_doctor_says_what_is_wrong_and_what_to_do(
    flask: Callable[..., Any],
    well: None,
    house: Builders,
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dead_delivery()
    session.merge(Beat(name="worker", at=clock.now() - timedelta(minutes=5)))
    house.category(slug="orphan", owner=house.executive(disabled_at=clock.now()))
    monkeypatch.setitem(app.config, "SECRET_KEY", "changeme")
    said = flask("doctor")
    assert said.exit_code == 1
    wrong = re.findall(r"✗ ([\w ]+):", said.output)
    assert wrong == ["worker", "dead deliveries", "owners", "secret"]
    assert "orphan" in said.output
    assert said.output.count("→") == 4


def test_the_doctor_sees_a_backlog_and_an_index_left_behind(
    flask: Callable[..., Any], well: None, house: Builders
) -> None:
    category = house.category()
    for _ in range(30):
        house.question(category=category)
    session.execute(delete(Delivery))
    assert "✓ index: holds 0 of 30 topics, 30 on the way" in flask("doctor").output
    with time_machine.travel(clock.now() + timedelta(minutes=7), tick=False):
        said = flask("doctor").output
        assert "✗ index: holds 0 of 30 topics, 30 on the way since 7 min" in said
    with without_guards(session.connection()):
        session.execute(delete(Fact).where(Fact.name == "TopicOpened"))
    assert "✗ index: holds 0 of 30 topics, 0 on the way" in flask("doctor").output
    dead_delivery().state = "pending"
    with time_machine.travel(clock.now() + timedelta(minutes=7), tick=False):
        assert "✗ waiting deliveries: the oldest is due since 7 min" in flask("doctor").output


def test_probes_tell_names_and_no_details(browser: Browser, well: None) -> None:
    alive = browser.get("/healthz")
    assert (alive.status_code, alive.text) == (200, "ok")
    ready = browser.get("/readyz")
    assert ready.status_code == 200
    assert ready.json["ready"] is True
    assert set(ready.json["checks"].values()) == {"ok"}
    assert "mail" not in ready.json["checks"]  # a probe every second is nothing for a mail server


def test_a_probe_refuses_only_for_what_is_vital(
    browser: Browser, well: None, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.merge(Beat(name="worker", at=clock.now() - timedelta(hours=1)))
    session.commit()
    without_worker = browser.get("/readyz")
    assert without_worker.status_code == 200
    assert without_worker.json["checks"]["worker"] == "wrong"
    monkeypatch.setattr("app.core.schema.needed", lambda: "9999")
    unready = browser.get("/readyz")
    assert unready.status_code == 503
    assert unready.json["checks"]["migrations"] == "wrong"
    assert "9999" not in unready.text
    assert browser.get("/healthz").status_code == 200


def test_a_probe_fails_when_the_scheduler_sleeps(browser: Browser, well: None) -> None:
    session.merge(Tick(name=promises.A_TICK + "here", at=clock.now() - timedelta(minutes=4)))
    session.commit()
    asleep = browser.get("/readyz")
    assert asleep.status_code == 503
    assert asleep.json["checks"]["scheduler"] == "wrong"
    assert browser.get("/healthz").status_code == 200


def test_an_unreachable_database_is_said_once(
    browser: Browser, well: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_settings: object) -> None:
        raise ConnectionRefusedError("no database at db.internal:5432")

    monkeypatch.setattr("app.insight.health.CHECKS", _with_database(refuse))
    answer = browser.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["database"] == answer.json["checks"]["worker"] == "wrong"
    assert answer.json["checks"]["disk"] == "ok"
    assert "db.internal" not in answer.text


def _with_database(look: Any) -> tuple[Any, ...]:
    first, *others = health.CHECKS
    return (replace(first, look=look), *others)


# ————— deliveries


def test_the_dead_are_listed_and_revived(flask: Callable[..., Any], house: Builders) -> None:
    dead = dead_delivery()
    other = dead_delivery()
    assert re.search(r"dead +2", flask("deliveries").output)
    listed = flask("deliveries", "--dead").output
    assert str(dead.id) in listed
    assert "search" in listed
    assert flask("deliveries", "--replay", str(dead.id)).exit_code == 0
    session.expire_all()
    assert (dead.state, dead.attempts, other.state) == ("pending", 0, "dead")
    assert flask("deliveries", "--replay", "all").exit_code == 0
    session.expire_all()
    assert other.state == "pending"
    assert flask("deliveries", "--replay", "all").exit_code == 1
    assert flask("deliveries", "--replay", "everything").exit_code == 2


# ————— people


def test_the_first_administrator_gets_a_link_that_opens(
    flask: Callable[..., Any], browser: Browser
) -> None:
    said = flask("create-admin", "Boss@Bank.Example", "--name", "Ирина Соболева")
    assert said.exit_code == 0, said.output
    link = said.output.strip().splitlines()[-1]
    assert link.startswith("http://otklik.test/reset/")
    ticket = accounts.ticket_for(link.rpartition("/")[2], "reset")
    assert ticket is not None
    assert browser.get(f"/reset/{link.rpartition('/')[2]}").status_code == 200
    person = accounts.reset(ticket, "a long enough password")
    assert (person.role, person.name, person.email) == (
        "administrator",
        "Ирина Соболева",
        "boss@bank.example",
    )
    assert accounts.authenticate("boss@bank.example", "a long enough password") is person


def test_a_customer_becomes_an_administrator(flask: Callable[..., Any], house: Builders) -> None:
    house.customer(email="anna@bank.example")
    assert flask("create-admin", "anna@bank.example").exit_code == 0
    (person,) = session.scalars(select(Person)).unique()
    assert person.role == "administrator"
    assert flask("create-admin", "not an address").exit_code == 2


# ————— texts


def test_old_texts_are_rendered_again(flask: Callable[..., Any], house: Builders) -> None:
    topic = house.question(body="**Now** bold")
    post = house.answer(topic, "*So*")
    brought = house.question(body="x")
    current = house.comment(topic, "as it is")
    topic.rules = post.rules = brought.rules = 0
    topic.body_html = post.body_html = current.body_html = "<p>old</p>"
    brought.origin, brought.body_html = "stackexchange:tea:1", '<p onclick="x()">kept</p>'
    said = flask("markup", "rerender")
    assert "Rendered again: 3." in said.output
    assert "<strong>Now</strong>" in topic.body_html
    assert "<em>So</em>" in post.body_html
    assert (topic.rules, post.edited_at) == (markup.RULES_VERSION, None)
    assert "kept" in brought.body_html
    assert "onclick" not in brought.body_html
    assert current.body_html == "<p>old</p>"
    assert "Rendered again: 0." in flask("markup", "rerender").output


# ————— settings, demo


def test_the_example_of_settings_is_current() -> None:
    written = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert written == env_example(), "flask settings > .env.example"
    assert all(f"\n#{s.name}=" in written for s in config.SETTINGS)


def test_settings_make_a_table(flask: Callable[..., Any]) -> None:
    table = flask("settings", "--markdown").output
    assert table.count("\n") == len(config.SETTINGS) + 2
    assert "| `LOG_LEVEL` | `INFO` |" in table


def test_the_demo_keeps_out_of_a_database_in_use(
    flask: Callable[..., Any], house: Builders
) -> None:
    house.customer()
    with pytest.raises(NotEmptyError, match="not empty"):
        fill()
    assert flask("demo").exit_code == 1
    assert session.scalar(select(func.count()).select_from(Topic)) == 0
    assert demo_accounts() == []
