"""A crowd at a running Otklik: readers, searchers, people who write, those who answer them.

    crowd = Crowd("http://127.0.0.1:8000", people=[("anna@demo.example", "otklik-demo"), …])
    crowd.start()
    …
    told = crowd.stop()
    print(told.table(), *told.lines())
    told.between(t0, t1).unexpected()     # what people saw while something was away

    .venv/bin/python bench/crowd.py http://127.0.0.1:8000 --as anna@demo.example:otklik-demo

Each is a thread with a connection of its own, who reads, thinks and goes on: a crowd for counting
what goes wrong, not for finding out how much a server bears. Of everything that changes something
it is known whether it was done (303), refused, or whether that could not be learnt. Whatever is
written bears a word that stands nowhere else. Half of those who learnt nothing send their form
again, as people do; that must publish nothing twice.
"""

from __future__ import annotations

import random
import re
import secrets
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

import click
from rich.console import Console

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench.told import HELD, REFUSED, UNSURE, WRITTEN, Told, Written  # noqa: E402 (found above)
from bench.visitor import NOTHING, OK, SEE_OTHER, USUAL, Answer, Asked, Visitor  # noqa: E402

LANGUAGES = ("ru", "uk", "en", "ru-RU,ru;q=0.9")
CUSTOMER, EXECUTIVE = "customer", "executive"
# Where somebody's day begins tells what they do.
HOMES = {"/desk": EXECUTIVE, "/": CUSTOMER}
TOPIC = re.compile(r'href="/topics/(\d+)["#?]')
CATEGORY = re.compile(r'href="/categories/([\w-]+)["#?]')
# Nobody types forty letters in less; who does is asked whether they are a machine.
TYPING = 3.2
SENDS = 4
WORDS = """
карта перевод комиссия кэшбэк лимит вклад процент ипотека кредит приложение вход пароль банкомат
отделение выписка справка доставка блокировка уведомление счёт валюта курс поездка платёж автоплатёж
возврат срок договор страховка карман копилка семья ребёнок бизнес эквайринг пенсия зарплата налог
наличные терминал подпись телефон адрес паспорт доверенность наследство ячейка золото облигация
""".split()  # noqa: SIM905 (words are read as words)


class NobodyCameInError(RuntimeError):
    """Somebody's password was not taken, however often it was tried."""


class Person:
    """Somebody with an account: who they are, and the cookies of their browser."""

    def __init__(self, email: str, password: str) -> None:
        self.email, self.password = email, password
        self.role = ""
        self.cookies: dict[str, str] = {}


class Crowd:
    """So many of each kind; `people` (e-mail, password) are told apart by where sign-in leads.

    `site` is what browsers have in their address line, when `address` is another. `categories`:
    the numbers of those that questions are asked in; none: any. `pause` is what a reader thinks
    between two pages, in seconds on average.
    """

    def __init__(  # noqa: PLR0913 (what a crowd is made of)
        self,
        address: str,
        people: Sequence[tuple[str, str]] = (),
        *,
        seed: int = 1,
        readers: int = 8,
        writers: int = 2,
        searchers: int = 2,
        signed_in: int = 2,
        answerers: int = 1,
        pause: float = 0.2,
        timeout: float = 15.0,
        site: str = "",
        categories: Sequence[int] = (),
    ) -> None:
        self.address, self.site, self.seed, self.pause = address.rstrip("/"), site, seed, pause
        self.timeout, self.categories = timeout, [str(each) for each in categories]
        self.people = [Person(*each) for each in people]
        self.numbers = {
            _Reader: readers,
            _Searcher: searchers,
            _SignedIn: signed_in,
            _Writer: writers,
            _Answerer: answerers,
        }
        self.halt = threading.Event()
        self.threads: list[threading.Thread] = []
        self.told_so_far = Told(time.monotonic(), float("inf"))
        # What was asked, and waits for an answer of the crowd's own executives.
        self.unanswered: deque[int] = deque()
        self.topics: list[int] = []
        self.slugs: list[str] = []

    def start(self) -> None:
        """Sign everybody in, one after the other, look around, and let them go."""
        usher = self.visitor(0)
        for person in self.people:
            self._sign_in(person, usher)
        usher.cookies = {}
        self.look_around(self._persist(lambda: usher.get("/", "front")))
        usher.close()
        self.told_so_far.began = time.monotonic()
        number = 0
        for kind, wanted in self.numbers.items():
            # Two at one writing desk would mix up their drafts.
            enough = min(wanted, len(self.those(kind.role))) if kind.role else wanted
            for place in range(enough):
                number += 1
                one = kind(self, number, place, enough)
                name = f"{kind.__name__} {place}"
                self.threads.append(threading.Thread(target=one.live, name=name, daemon=True))
        for thread in self.threads:
            thread.start()

    def stop(self) -> Told:
        """Let everybody finish what they are at; what they tell."""
        self.halt.set()
        for thread in self.threads:
            thread.join(self.timeout * SENDS + TYPING)
        self.told_so_far.ended = time.monotonic()
        return self.told()

    def told(self) -> Told:
        """What they have seen until now."""
        so_far = self.told_so_far
        ended = min(so_far.ended, time.monotonic())
        asked, written = list(so_far.asked), list(so_far.written)
        return Told(so_far.began, ended, asked, written, list(so_far.mistakes))

    def those(self, role: str) -> list[Person]:
        """The people of that role."""
        return [each for each in self.people if each.role == role]

    def visitor(self, number: int) -> Visitor:
        """A browser."""
        language = LANGUAGES[number % len(LANGUAGES)]
        return Visitor(self.address, self.note, self.site, language, self.timeout)

    def note(self, asked: Asked) -> None:
        """Write a request down."""
        self.told_so_far.asked.append(asked)

    def look_around(self, page: Answer) -> None:
        """Remember where a page leads."""
        if page.status != OK:
            return
        found = dict.fromkeys([*map(int, TOPIC.findall(page.text)), *self.topics])
        self.topics = list(found)[:500]
        self.slugs = list(dict.fromkeys([*CATEGORY.findall(page.text), *self.slugs]))[:100]

    def _sign_in(self, person: Person, usher: Visitor) -> None:
        usher.cookies = person.cookies

        def send() -> Answer:
            form = usher.get("/sign-in", "sign in").form("/sign-in")
            fields = {**(form.fields if form else {}), "email": person.email}
            return usher.post("/sign-in", "sign in", {**fields, "password": person.password})

        came = self._persist(send, SEE_OTHER)
        person.role = HOMES.get(came.location, "staff")

    def _persist(self, ask: Callable[[], Answer], wanted: int = OK) -> Answer:
        """What is needed to begin at all, tried for a while."""
        came = ask()
        for _ in range(10):
            if came.status == wanted:
                return came
            time.sleep(1)
            came = ask()
        message = f"The crowd does not get in at {self.address}: {came.status or came.trouble}"
        raise NobodyCameInError(message)


class _One:
    """One of the crowd; `act` is what they do again and again."""

    # Whose account they need, if any.
    role = ""

    def __init__(self, crowd: Crowd, number: int, place: int, of: int) -> None:
        self.crowd, self.chance = crowd, random.Random(f"{crowd.seed}/{number}")
        self.visitor = crowd.visitor(number)
        self.mine = crowd.those(self.role)[place::of] if self.role else []

    def live(self) -> None:
        while not self.think(self.crowd.pause * self.chance.uniform(0, 2)):
            try:
                self.act()
            except Exception as error:  # noqa: BLE001 (one who stumbles tells, and goes on)
                said = f"{type(self).__name__}: {type(error).__name__}: {error}"
                self.crowd.told_so_far.mistakes.append(said)
        self.visitor.close()

    def act(self) -> None:
        """What this sort of person does once, of their own accord."""
        raise NotImplementedError

    def think(self, seconds: float) -> bool:
        """Wait; whether it is time to go home."""
        return self.crowd.halt.wait(seconds)

    def topic(self) -> str:
        """Where some topic is, the newer the likelier."""
        known = self.crowd.topics
        place = int(len(known) * self.chance.random() ** 3)
        return f"/topics/{known[place]}" if known else "/"

    def be(self, person: Person) -> None:
        """Go on as somebody: their browser, our line."""
        self.visitor.cookies = person.cookies

    def words(self, least: int, most: int) -> str:
        return " ".join(self.chance.choices(WORDS, k=self.chance.randint(least, most)))


class _Reader(_One):
    """Nobody knows who: front page, lists, topics, a feed; half of it asked for a second time."""

    def __init__(self, crowd: Crowd, number: int, place: int, of: int) -> None:
        super().__init__(crowd, number, place, of)
        self.known: dict[str, str] = {}

    def act(self) -> None:
        kind, path = self.where()
        tag = self.known.get(path) if self.chance.random() < 0.5 else None
        headers = {"If-None-Match": tag} if tag else {}
        page = self.visitor.get(path, kind, USUAL, headers)
        if page.status == OK and "etag" in page.headers:
            self.known[path] = page.headers["etag"]
            if len(self.known) > 200:
                self.known.pop(next(iter(self.known)))
        if kind in {"front", "category"}:
            self.crowd.look_around(page)

    def where(self) -> tuple[str, str]:
        dice, slugs = self.chance.random(), self.crowd.slugs
        if dice < 0.55:
            return "topic", self.topic()
        if dice < 0.75 or not slugs:
            view = self.chance.choice(("", "?view=unanswered", "?view=popular", "?view=solved"))
            return "front", f"/{view}"
        slug = self.chance.choice(slugs)
        if dice < 0.9:
            return "category", f"/categories/{slug}"
        return "feed", self.chance.choice(("/feed.atom", f"/categories/{slug}/feed.atom"))


class _Searcher(_One):
    """Types a word or two, letter after letter, and asks for the page of what was found."""

    def act(self) -> None:
        words = self.words(1, 3)
        for length in range(3, min(len(words), 9) + 1, 3):
            typed = quote(words[:length])
            path = f"/search/similar?shape=options&q={typed}"
            self.visitor.get(path, "type-ahead", (OK, NOTHING), {"X-Fragment": "1"})
            if self.think(0.25):
                return
        self.visitor.get(f"/search?q={quote(words)}", "search")


class _SignedIn(_One):
    """A customer who reads: nothing of it may come from the pages kept for all."""

    role = CUSTOMER

    def act(self) -> None:
        self.be(self.chance.choice(self.mine))
        path = self.chance.choice((self.topic(), self.topic(), "/", "/following"))
        page = self.visitor.get(path, "signed in", (OK,))
        if page.status == OK and "public" in page.headers.get("cache-control", ""):
            self.crowd.told_so_far.mistakes.append(f"{path}: a signed-in page called public")


class _Hand(_One):
    """Somebody who changes something."""

    def send(self, written: Written, path: str, fields: dict[str, str]) -> None:
        """Send a form; again, sometimes, when nothing was learnt."""
        written.at = time.monotonic()
        self.crowd.told_so_far.written.append(written)
        times = SENDS if self.chance.random() < 0.5 else 1
        is_unsure = False
        while written.tries < times:
            written.tries += 1
            came = self._sent(path, written.kind, fields)
            is_unsure |= came.is_unsure
            self._settle(written, came, is_unsure=is_unsure)
            if came.status and not came.is_unsure:
                return
            self.think(0.5)

    def _sent(self, path: str, kind: str, fields: dict[str, str]) -> Answer:
        came = self.visitor.post(path, kind, fields, (OK, SEE_OTHER))
        step = came.form(path) if came.status == OK and "seen_similar" in fields else None
        if step is None or step.fields.get("seen_similar") != "1":
            return came
        # Perhaps it is answered already; no, it is not.
        return self.visitor.post(path, kind, step.fields)

    def _settle(self, written: Written, came: Answer, *, is_unsure: bool) -> None:
        """What became of it; `is_unsure`: it may stand there from this time or an earlier one."""
        if came.status == SEE_OTHER:
            written.address = came.location
            written.state = HELD if came.location.startswith("/submissions/") else WRITTEN
            found = re.match(r"/topics/(\d+)", came.location)
            written.topic_id = int(found[1]) if found else written.topic_id
        else:
            written.state = UNSURE if is_unsure else REFUSED
            written.why = came.trouble or str(came.status)

    def text(self, marker: str, least: int, most: int) -> str:
        """Words like everybody's, with that one among them."""
        return f"{self.words(least, most).capitalize()} {marker}. {self.words(3, 6).capitalize()}?"


class _Writer(_Hand):
    """A customer who asks, comments and votes."""

    role = CUSTOMER

    def act(self) -> None:
        person = self.chance.choice(self.mine)
        self.be(person)
        if self.chance.random() < 0.4:
            self.ask(person)
        else:
            self.join_in(person)

    def ask(self, person: Person) -> None:
        page = self.visitor.get("/ask", "form", (OK,))
        form = page.form("/ask") if page.status == OK else None
        if form is None or self.think(TYPING):
            return
        offered = form.choices["category_id"]
        wanted = [each for each in offered if each in self.crowd.categories] or offered
        marker = new_marker()
        fields = form.fields | {
            "kind": self.chance.choice(("question", "question", "problem")),
            "title": f"{self.words(3, 6).capitalize()} {marker}",
            "body": self.text(marker, 8, 20),
            "category_id": self.chance.choice(wanted),
            "tags": self.chance.choice(WORDS),
            "seen_similar": "",
        }
        written = Written("ask", marker, person.email, time.monotonic())
        self.send(written, "/ask", fields)
        if written.state == WRITTEN:
            self.crowd.unanswered.append(written.topic_id)

    def join_in(self, person: Person) -> None:
        path = self.topic()
        page = self.visitor.get(path, "signed in", (OK,))
        topic_id = int(path.rpartition("/")[2] or 0)
        if page.status != OK or not topic_id:
            return
        vote = page.form(f"{path}/vote")
        if vote is not None and self.chance.random() < 0.6:
            written = Written("vote", "", person.email, time.monotonic(), topic_id)
            self.send(written, f"{path}/vote", vote.fields)
        comment = page.form(f"{path}/comments")
        if comment is None or self.think(TYPING):
            return
        marker = new_marker()
        fields = comment.fields | {"body": self.text(marker, 6, 15)}
        written = Written("comment", marker, person.email, time.monotonic(), topic_id)
        self.send(written, f"{path}/comments", fields)


class _Answerer(_Hand):
    """An executive who answers what the crowd has asked, where it is theirs."""

    role = EXECUTIVE

    def act(self) -> None:
        person = self.chance.choice(self.mine)
        self.be(person)
        self.visitor.get("/desk", "desk", (OK,))
        if self.think(1) or not self.crowd.unanswered:
            return
        topic_id = self.crowd.unanswered.popleft()
        path = f"/topics/{topic_id}"
        for each in self.mine:
            self.be(each)
            page = self.visitor.get(path, "signed in", (OK,))
            form = page.form(f"{path}/answers") if page.status == OK else None
            if form is not None:
                marker = new_marker()
                fields = form.fields | {"body": self.text(marker, 8, 15)}
                written = Written("answer", marker, each.email, time.monotonic(), topic_id)
                self.send(written, f"{path}/answers", fields)
                return


def new_marker() -> str:
    """A word of letters that stands nowhere else; a search takes it for one."""
    return "zq" + "".join(secrets.choice("bcdfghjkmnprstvwxz") for _ in range(12))


@click.command()
@click.argument("address")
@click.option("--as", "people", multiple=True, help="E-MAIL:PASSWORD; may be repeated.")
@click.option("--seconds", default=30.0, show_default=True, help="For so long.")
@click.option("--seed", default=1, show_default=True, help="Whom chance leads where.")
def main(address: str, people: tuple[str, ...], seconds: float, seed: int) -> None:
    """Let a crowd in at ADDRESS and print what it saw."""
    console = Console(highlight=False, width=120)
    named = [(email, password) for email, _, password in (p.partition(":") for p in people)]
    crowd = Crowd(address, named, seed=seed)
    crowd.start()
    time.sleep(seconds)
    told = crowd.stop()
    console.print(told.table())
    for line in told.lines():
        console.print(line)
    for each in told.unexpected()[:20]:
        console.print(f"{each.ended - told.began:8.2f} s {each.method} {each.path} {each.outcome}")


if __name__ == "__main__":
    main()
