"""A Stack Exchange dump comes in as it was: once, in its own time, and without a sound."""

from __future__ import annotations

import io
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, text

from app.accounts.models import Person
from app.channels import stackexchange
from app.core import markup
from app.core.db import session
from app.core.events import Delivery
from app.insight.queries.archive import first_answer_hours
from app.insight.statistics import percentile
from app.notify.models import Letter
from app.search.service import keeping as search
from app.sla.models import Promise
from app.topics.models import Category, Post, Tag, Topic

if TYPE_CHECKING:
    from flask import Flask

    from tests.builders import Builders

ROOT = Path(__file__).parents[2]
# A real dump is too large to keep here; the tests that need it are skipped without it.
COFFEE = ROOT.parent / "shared" / "data" / "stackexchange" / "coffee"
needs_coffee = pytest.mark.skipif(not COFFEE.is_dir(), reason="the coffee dump is not here")

HEAD = '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<posts>\n'
QUESTION = (
    '<row Id="{id}" PostTypeId="1" CreationDate="2015-01-27T20:09:32.720" Score="{score}" '
    'Body="{body}" OwnerUserId="4" Title="{title}" Tags="&lt;beans&gt;&lt;storage&gt;" {more}/>\n'
)
ANSWER = (
    '<row Id="{id}" PostTypeId="2" ParentId="{parent}" CreationDate="2015-01-27T2{hour}:00:00" '
    'Score="2" Body="&lt;p&gt;In a jar.&lt;/p&gt;" {owner}/>\n'
)


def question(number: int = 1, **given: object) -> str:
    words = {"score": 5, "body": "&lt;p&gt;How?&lt;/p&gt;", "title": "How to store beans?"}
    return QUESTION.format(id=number, **{**words, "more": "", **given})


def answer(number: int, parent: int = 1, **given: object) -> str:
    return ANSWER.format(
        id=number, parent=parent, **{"hour": 1, "owner": 'OwnerUserId="9"', **given}
    )


@pytest.fixture
def run(app: Flask, tmp_path: Path, house: Builders) -> Any:
    """Import what is given as rows; the command's result."""
    house.administrator(name="Павел Дроздов")

    def importing(rows: str, *more: str, end: str = "</posts>", users: str = "") -> Any:
        folder = tmp_path / "tea"
        folder.mkdir(exist_ok=True)
        (folder / "Posts.xml").write_text(HEAD + rows + end, encoding="utf-8")
        if users:
            (folder / "Users.xml").write_text(f"<users>{users}</users>", encoding="utf-8")
        result = app.test_cli_runner().invoke(args=["import", "stackexchange", str(folder), *more])
        session.expire_all()
        return result

    return importing


def topic(number: int = 1) -> Topic:
    return session.scalars(select(Topic).where(Topic.origin == f"stackexchange:tea:{number}")).one()


def replies() -> list[Post]:
    return list(session.scalars(select(Post).order_by(Post.seq)).unique())


def count(what: type) -> int:
    return session.scalar(select(func.count()).select_from(what)) or 0


def everything() -> list[Any]:
    """What an import leaves behind, but for numbers that depend on how often it was run."""
    topics = select(
        Topic.origin, Topic.state, Topic.comments_count, Topic.first_answer_at, Topic.active_at
    )
    posts = select(Post.origin, Post.seq, Post.accepted_at, Post.score, Post.published_at)
    people = select(Person.origin, Person.name).where(Person.origin.is_not(None))
    tags = select(Tag.name, Tag.topics_count)
    place = select(Category.slug, Category.topics_count)
    return [sorted(session.execute(q).all(), key=str) for q in (topics, posts, people, tags, place)]


@needs_coffee
def test_a_real_site_comes_in_whole_and_once(app: Flask, house: Builders) -> None:
    house.administrator(name="Павел Дроздов")
    started = time.monotonic()
    result = app.test_cli_runner().invoke(args=["import", "stackexchange", str(COFFEE)])
    assert result.exit_code == 0, result.output
    assert time.monotonic() - started < 60  # about five seconds on an idle machine
    assert (count(Topic), count(Post)) == (225, 327)
    hours = first_answer_hours("stackexchange:coffee")
    assert len(hours) == 212
    assert round(percentile(hours, 0.5) or 0, 2) == 1.66
    assert round(percentile(hours, 0.9) or 0, 1) == 46.5
    assert "median 1.66 h, 90 % within 46.5 h" in result.output
    # It sends nothing and starts no clock.
    assert count(Delivery) == count(Letter) == count(Promise) == 0
    assert not session.scalar(select(func.count()).where(Topic.is_awaiting))
    assert search.count() == 225
    assert session.scalar(select(Category.topics_count)) == 225
    tags = "select count(*) from tags t where topics_count != (select count(*) from topic_tags x"
    assert session.scalar(text(f"{tags} where x.tag_id = t.id)")) == 0
    states = session.execute(select(Topic.state, func.count()).group_by(Topic.state))
    assert {state: number for state, number in states} == {  # noqa: C416 (rows are no pairs to mypy)
        "solved": 105,
        "answered": 107,
        "waiting": 13,
    }
    first = everything()
    again = app.test_cli_runner().invoke(args=["import", "stackexchange", str(COFFEE)])
    assert again.exit_code == 0
    assert everything() == first


@needs_coffee
def test_what_can_be_edited_says_what_was_brought_in(app: Flask, house: Builders) -> None:
    with (COFFEE / "Posts.xml").open("rb") as file:
        rows = [(n, r) for n, r in stackexchange.rows(file) if r["PostTypeId"] == "2"][:60]
    for number, row in rows:
        read = stackexchange.answer(number, row)
        if len(read.body) <= markup.LIMIT:
            again = " ".join(markup.plain(markup.render(read.body)).split())
            assert again == " ".join(markup.plain(read.html).split())


@needs_coffee
@pytest.mark.slow
def test_killed_half_way_and_run_again_it_is_the_same(tmp_path: Path) -> None:
    def flask(*words: str, wait: bool = True) -> subprocess.Popen[bytes]:
        environ = {"SECRET_KEY": "only-for-tests-" * 3, "INSTANCE_PATH": str(tmp_path / "i")}
        command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
        started = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if wait:
            said = started.communicate(timeout=120)[0]
            assert started.returncode == 0, said.decode()
        return started

    def held(query: str) -> Any:
        with sqlite3.connect(tmp_path / "i" / "otklik.sqlite3", timeout=10) as database:
            return database.execute(query).fetchall()

    (tmp_path / "i").mkdir()
    flask("database", "upgrade")
    flask("create-admin", "admin@bank.example")
    killed = flask("import", "stackexchange", str(COFFEE), wait=False)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and killed.poll() is None:
        if held("select count(*) from topics")[0][0]:
            break
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    (before,) = held("select (select count(*) from topics), (select count(*) from posts)")
    assert before[0] > 0
    assert sum(before) < 225 + 327
    flask("import", "stackexchange", str(COFFEE))
    assert held("select count(*), count(distinct origin) from topics") == [(225, 225)]
    assert held("select count(*), count(distinct origin) from posts") == [(327, 327)]
    assert held("select sum(comments_count), sum(last_seq) from topics") == [(327, 327)]
    assert held("select topics_count from categories") == [(225,)]
    assert held("select count(*) from topics where state = 'solved'") == [(105,)]
    assert held("select count(*) from posts where accepted_at is not null") == [(105,)]
    assert held("select count(*) from people where origin is not null") == [(115,)]


def test_words_authors_and_instants_are_kept(run: Any) -> None:
    body = (
        "&lt;h2&gt;Why&lt;/h2&gt;&lt;p onclick=&quot;x()&quot;&gt;Use *a* &lt;b&gt;jar&lt;/b&gt;"
        "&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=&quot;https://x.example/a.png&quot; "
        "alt=&quot;a jar&quot;&gt;&lt;/p&gt;"
    )
    asked = question(body=body, more='AcceptedAnswerId="3" ClosedDate="2015-02-01T00:00:00"')
    users = '<row Id="4" DisplayName="Ann" /><row Id="5" DisplayName="Nobody here" />'
    result = run(asked + answer(2) + answer(3, hour=3), "--language", "en", users=users)
    assert result.exit_code == 0, result.output
    made = topic()
    assert made.opened_at.isoformat() == "2015-01-27T20:09:32.720000+00:00"
    assert (made.asker.name, made.asker.email, made.asker.confirmed_at) == ("Ann", None, None)
    assert made.asker.origin == "stackexchange:tea:user:4"
    assert (made.votes_count, made.language, made.state) == (5, "en", "solved")
    assert sorted(t.name for t in made.tags) == ["beans", "storage"]
    assert "script" not in made.body_html
    assert "onclick" not in made.body_html
    assert '<a href="https://x.example/a.png"' in made.body_html
    assert made.body.startswith("# Why\n\nUse \\*a\\* **jar**")
    assert made.closed_at is not None
    first, second = replies()
    assert made.first_answer_at == first.published_at
    assert made.active_at == second.published_at
    assert (first.accepted_at, second.accepted_at) == (None, second.published_at)
    # The bank did not say it: no seal, no official answer, nothing promised or kept.
    assert not first.is_official
    assert (made.answer_id, made.answers_count, made.comments_count) == (None, 0, 2)
    assert (made.responsible, made.due_at, made.is_awaiting) == (None, None, False)
    assert first.author.name == "user9"


def test_rows_that_make_no_sense_are_named_and_skipped(run: Any) -> None:
    rows = [
        question(1),
        question(2, title=""),
        question(3).replace("2015-01-27T20:09:32.720", "yesterday"),
        question(4, score="many"),
        question(5).replace('Id="5"', 'Id="five"'),
        question(6, body="x" * 100_001),
        question(7).replace("2015-01-27", "2999-01-27"),
        question(8).replace(' Body="&lt;p&gt;How?&lt;/p&gt;"', ""),
        answer(9, parent=77),
        answer(10, parent=2),
        answer(11),
        '<row Id="12" PostTypeId="5" CreationDate="2015-01-27T20:09:32" Body="" />',
        question(13, title="Ж" * 20 + " и " + "слово " * 40),
    ]
    result = run("".join(rows))
    assert result.exit_code == 0, result.output
    for number in range(2, 11):
        assert f"Skipped row {number}:" in result.output
    assert (count(Topic), count(Post)) == (2, 1)
    assert re.search(r"Rows skipped as bad +9\n", result.output)
    long = topic(13).title
    assert len(long) <= 150
    assert long.endswith("слово…")


def test_an_answer_may_stand_before_its_question(run: Any) -> None:
    run(answer(1, parent=2) + question(2, more='AcceptedAnswerId="1"'))
    assert topic(2).state == "solved"
    assert replies()[0].topic_id == topic(2).id


@pytest.mark.parametrize("end", ["", "<row Id='3' PostTypeId='1' Title='a & b' />", "\x00", "<row"])
def test_a_file_that_breaks_off_keeps_what_was_read(run: Any, end: str) -> None:
    result = run(question(1) + answer(2), end=end)
    assert result.exit_code == 1
    assert "breaks off after row 2" in result.output
    assert (count(Topic), count(Post)) == (1, 1)
    assert run(question(1) + answer(2) + answer(3)).exit_code == 0
    assert (count(Topic), count(Post)) == (1, 2)


def test_a_bomb_is_not_a_dump() -> None:
    bomb = b'<!DOCTYPE p [<!ENTITY a "x">]><posts><row Id="&a;"/></posts>'
    with pytest.raises(stackexchange.BrokenOffError, match="not a dump"):
        list(stackexchange.rows(io.BytesIO(bomb)))


def test_nobody_comes_in_under_an_executives_name(run: Any, house: Builders) -> None:
    house.executive(name="Марина Зорина")
    shown = 'OwnerUserId="9" OwnerDisplayName="Мaринa Зoринa"'
    run(question(1) + answer(2, owner=shown) + answer(3, owner='OwnerDisplayName="Gone"'))
    assert [p.author.name for p in replies()] == ["user9", "Gone"]


def test_it_goes_where_it_is_told_or_says_what_it_needs(
    app: Flask, run: Any, house: Builders
) -> None:
    made_id = house.category(slug="archive").id
    assert run(question(1), "--category", "archive").exit_code == 0
    assert topic().category_id == made_id
    assert topic().category.topics_count == 1
    refused = run(question(1), "--category", "nowhere")
    assert refused.exit_code == 1
    assert "There are: archive" in refused.output


def test_without_an_administrator_there_is_no_category(
    app: Flask, house: Builders, tmp_path: Path
) -> None:
    (tmp_path / "Posts.xml").write_text(HEAD + "</posts>", encoding="utf-8")
    refused = app.test_cli_runner().invoke(args=["import", "stackexchange", str(tmp_path)])
    assert refused.exit_code == 1
    assert "flask create-admin" in refused.output
