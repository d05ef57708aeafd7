"""How fast pages are at 1,000 and at 100,000 topics, beside a bare "hello" of the same bytes.

.venv/bin/python bench/pages.py [--quick] [--requests 200]
"""

from __future__ import annotations

import http.client
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import insert

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import config  # noqa: E402 (the line above finds it)
from app.accounts.models import Person  # noqa: E402
from app.accounts.sessions import Guest  # noqa: E402
from app.brand.models import Brand  # noqa: E402
from app.commands.database import migrate  # noqa: E402
from app.core import clock, markup  # noqa: E402
from app.core.db import db, session  # noqa: E402
from app.core.names import skeleton  # noqa: E402
from app.factory import create_app  # noqa: E402
from app.search.service import keeping as search  # noqa: E402
from app.topics import queries  # noqa: E402
from app.topics.models import Category, Post, Topic  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

console = Console(highlight=False, width=100)
SECRET = "only-for-measuring-" * 3
CATEGORIES, PEOPLE, BATCH = 8, 500, 2000
WORDS = """
карта перевод комиссия кэшбэк лимит вклад процент ипотека кредит приложение вход пароль банкомат
отделение выписка справка доставка блокировка уведомление счёт валюта курс поездка платёж автоплатёж
возврат срок договор страховка карман копилка семья ребёнок бизнес эквайринг
terminal transfer statement card deposit limit branch password рахунок переказ картка
""".split()  # noqa: SIM905 (words are read as words)
HELLO = """
def app(environ, start_response):
    size = int(environ["PATH_INFO"].strip("/") or 1)
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(size))])
    return [b"x" * size]
"""


@dataclass(frozen=True)
class Measured:
    """What so many requests to one address were like."""

    size: int
    rate: float
    p50: float
    p95: float


# ------------------------------------------------------------------------------ the database


def fill(instance: Path, topics: int) -> str:
    """A bank with so many topics, by bulk inserts; the address of its page 500 (or the last)."""
    app = create_app(config.load(environment(instance)))
    with app.app_context(), Progress(console=console, transient=True) as progress:
        migrate()
        session.add(Brand(name="Банк", locale="ru", timezone="Europe/Moscow"))
        _people()
        bar = progress.add_task(f"{topics:,} topics", total=topics)
        for start in range(0, topics, BATCH):
            _topics(start, min(BATCH, topics - start), topics)
            progress.update(bar, advance=BATCH)
        bar = progress.add_task("their index", total=topics)
        search.rebuild(lambda done: progress.update(bar, completed=done))
        session.connection().exec_driver_sql("ANALYZE")
        session.commit()
        deep = _deep(500)
        session.remove()
        db.engine.dispose()
    return deep


def _people() -> None:
    chance = random.Random(1)
    rows = [
        {
            "given_name": (name := f"{chance.choice('АБВГД')}{chance.choice(WORDS)} {_letters(n)}"),
            "skeleton": skeleton(name),
            "email": f"p{n}@example.org",
            "confirmed_at": clock.now(),
            "role": "executive" if n <= CATEGORIES else "customer",
            "post": "Директор" if n <= CATEGORIES else "",
            "letters": {},
        }
        for n in range(1, PEOPLE + 1)
    ]
    session.execute(insert(Person), rows)
    session.add_all(
        Category(slug=f"c{n}", name=f"Категория {n}", place=n, owner_id=n)
        for n in range(1, CATEGORIES + 1)
    )
    session.commit()


def _letters(number: int) -> str:
    return "".join("абвгдежзик"[int(digit)] for digit in str(number))


def _topics(start: int, count: int, total: int) -> None:
    chance = random.Random(start)
    newest = clock.now() - timedelta(minutes=1)
    topics, posts = [], []
    for number in range(start + 1, start + count + 1):
        # Spread over about ten years, the last one asked a minute ago.
        opened = newest - timedelta(minutes=(total - number) * 5_000_000 // total)
        waits = newest - opened < timedelta(hours=20) or chance.random() < 0.01
        category, body = chance.randint(1, CATEGORIES), _text(chance, 60)
        answered = opened + timedelta(hours=chance.expovariate(1 / 6))
        comments = 0 if waits else chance.choice((0, 0, 1, 2, 3))
        topics.append(
            {
                "id": number,
                "kind": "question",
                "title": _text(chance, 8)[:140],
                "body": body,
                "body_html": f"<p>{body}</p>",
                "rules": markup.RULES_VERSION,
                "state": "waiting" if waits else chance.choice(("answered", "solved")),
                "category_id": category,
                "asker_id": chance.randint(CATEGORIES + 1, PEOPLE),
                "opened_at": opened,
                "active_at": opened,
                "responsible_id": category,
                "promised_at": opened,
                "due_at": opened + timedelta(hours=24),
                "kept_at": None if waits else answered,
                "is_awaiting": waits,
                "first_answer_at": None if waits else answered,
                "votes_count": chance.randint(0, 40),
                "answers_count": 0 if waits else 1,
                "comments_count": comments,
                "last_seq": 0 if waits else 1 + comments,
                "answer_id": None if waits else number * 10,
            }
        )
        for seq in range(0 if waits else 1 + comments):
            said = _text(chance, 40)
            posts.append(
                {
                    "id": number * 10 + seq,
                    "topic_id": number,
                    "seq": seq + 1,
                    "kind": "comment" if seq else "answer",
                    "author_id": chance.randint(CATEGORIES + 1, PEOPLE) if seq else category,
                    "signed_as": "" if seq else "Директор",
                    "body": said,
                    "body_html": f"<p>{said}</p>",
                    "rules": markup.RULES_VERSION,
                    "published_at": answered + timedelta(hours=seq),
                }
            )
    # Topics and posts point at one another: the answer is named when it is there.
    answers = [{"id": t["id"], "answer_id": t.pop("answer_id")} for t in topics]
    session.execute(insert(Topic), topics)
    if posts:
        session.execute(insert(Post), posts)
    session.bulk_update_mappings(Topic.__mapper__, [a for a in answers if a["answer_id"]])
    session.commit()


def _text(chance: random.Random, words: int) -> str:
    said = " ".join(chance.choices(WORDS, k=chance.randint(words // 2, words)))
    return f"{said.capitalize()} {_letters(chance.randrange(10**5))}."


def _deep(number: int) -> str:
    """The address of a page far down: where "older" leads from the page before it."""
    reader, cursor = Guest(), None
    for _ in range(number - 1):
        page = queries.topics(reader, cursor=cursor)
        session.expunge_all()
        if page.older is None:
            break
        cursor = page.older
    return f"/?cursor={cursor}" if cursor else "/"


# ------------------------------------------------------------------------------- the servers


def environment(instance: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": SECRET,
        "INSTANCE_PATH": str(instance),
        "PUBLIC_URL": "http://127.0.0.1",
        "LOG_LEVEL": "ERROR",
        "RATE_LIMITS": "no",
        "PYTHONPATH": str(ROOT),
    }


@contextmanager
def served(application: str, folder: Path, instance: Path) -> Iterator[int]:
    """Gunicorn with one synchronous worker, as plain as it comes; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
            *("--log-level", "error", "--no-control-socket", application),
        ],
        cwd=folder,
        env=environment(instance),
    )
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and server.poll() is None:
            try:
                ask(port, "/healthz" if application.startswith("wsgi") else "/1")
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(30)


# ------------------------------------------------------------------------------- the readers


def ask(port: int, address: str) -> int:
    """Fetch one page; its size."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", address, headers={"Accept-Language": "ru"})
        answer = connection.getresponse()
        size = len(answer.read())
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK:
        raise click.ClickException(f"{address} answered {answer.status}")
    return size


def measure(port: int, address: str, requests: int, readers: int) -> Measured:
    """So many requests by so many readers at once, after a few that are not counted."""
    size = max(ask(port, address) for _ in range(5))
    took: list[float] = []
    left = iter(range(requests))
    lock = threading.Lock()

    def read() -> None:
        while True:
            with lock:
                if next(left, None) is None:
                    return
            began = time.perf_counter()
            ask(port, address)
            took.append(time.perf_counter() - began)

    threads = [threading.Thread(target=read) for _ in range(readers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - began
    if len(took) != requests:
        raise click.ClickException(f"{address}: only {len(took)} of {requests} were answered")
    parts = statistics.quantiles(took, n=20)
    return Measured(size, requests / whole, parts[9] * 1000, parts[18] * 1000)


# -------------------------------------------------------------------------------- the report


@click.command()
@click.option("--quick", is_flag=True, help="200 and 2,000 topics, to see that it runs.")
@click.option("--requests", default=200, show_default=True, help="Requests to each page.")
@click.option("--readers", default=4, show_default=True, help="Requests at the same time.")
def main(*, quick: bool, requests: int, readers: int) -> None:
    """Measure front page, topic and search at two sizes of the bank."""
    table = Table("Topics", "Page", "Bytes", "req/s", "p50 ms", "p95 ms", "hello req/s", "ratio")
    for name in table.columns[2:]:
        name.justify = "right"
    with tempfile.TemporaryDirectory(prefix="otklik-bench-") as root:
        folder = Path(root)
        (folder / "hello.py").write_text(HELLO)
        for topics in (200, 2_000) if quick else (1_000, 100_000):
            instance = folder / str(topics)
            instance.mkdir()
            deep = fill(instance, topics)
            pages = {
                "front, page 1": "/",
                "front, page 500" if topics >= 10_000 else "front, last page": deep,
                "topic": f"/topics/{topics // 2}",
                "search": "/search?q=%D0%BA%D0%B0%D1%80%D1%82%D0%B0+%D0%BB%D0%B8%D0%BC%D0%B8%D1%82",
            }
            with (
                served("wsgi:app", ROOT, instance) as ours,
                served("hello:app", folder, instance) as bare,
            ):
                for page, address in pages.items():
                    seen = measure(ours, address, requests, readers)
                    hello = measure(bare, f"/{seen.size}", requests, readers)
                    table.add_row(
                        f"{topics:,}",
                        page,
                        f"{seen.size:,}",
                        f"{seen.rate:.0f}",
                        f"{seen.p50:.1f}",
                        f"{seen.p95:.1f}",
                        f"{hello.rate:.0f}",
                        f"1 : {hello.rate / seen.rate:.0f}",
                    )
    console.print(table)
    console.print(
        f"{requests} requests each, {readers} at a time; gunicorn, one sync worker; SQLite; "
        f"Python {sys.version.split()[0]}; {os.cpu_count()} processors."
    )


if __name__ == "__main__":
    main()
