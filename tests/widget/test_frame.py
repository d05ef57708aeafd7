"""The document inside the frame and what comes into it: for a guest, for whom the bank knows."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from sqlalchemy import delete, select

from app.accounts.models import OutsideIdentity
from app.brand.models import Brand
from app.core import clock
from app.core.db import session
from app.topics import service as topics
from app.widget import bearers
from app.widget.bearers import Bearer
from app.widget.models import Place, Seen, Use
from app.widget.service import reading, uses
from app.widget.views.host import LONGEST_PAGE, MOST, host_page
from tests.widget.signing import ISSUER, ORIGIN, Secret, site

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.accounts.models import Person
    from app.topics.models import Topic
    from tests.builders import Builders
    from tests.conftest import Browser


class Frame:
    """The frame of a registered site, as its scripts use it."""

    def __init__(self, house: Builders, browser: Browser) -> None:
        house.brand()
        self.site = site()
        self.browser = browser
        self.key = Secret(house.administrator(), self.site).row
        self.said: dict[str, str] = {}

    def know(self, person: Person) -> None:
        """From now on they ask."""
        session.add(OutsideIdentity(person_id=person.id, issuer=ISSUER, subject="7"))
        session.flush()
        made = Bearer(
            site_key=self.site.key,
            key_id=self.key.id,
            issuer=ISSUER,
            subject="7",
            name=person.name,
            email="",
            person_id=person.id,
            issued_at=clock.now(),
        )
        self.said = {"Authorization": f"Bearer {bearers.sealed(made)}"}

    def get(self, path: str = "", **headers: str) -> Any:
        said = {**self.said, "X-Language": "ru", **headers}
        return self.browser.get(f"/embed/{self.site.key}{path}", headers=said)

    def post(self, path: str, data: dict[str, str] | None = None) -> Any:
        said = {**self.said, "X-Language": "ru"}
        return self.browser.post(f"/embed/{self.site.key}{path}", data or {}, headers=said)


@pytest.fixture
def frame(house: Builders, browser: Browser) -> Frame:
    return Frame(house, browser)


def titles(page: Any) -> list[str]:
    return [
        re.sub("<[^>]+>", "", t) for t in re.findall(r'tip__title"[^>]*>(.*?)</bdi>', page.text)
    ]


def test_the_document_says_where_it_may_stand_and_carries_no_text_of_the_page(frame: Frame) -> None:
    page = frame.get("?lang=uk&theme=dark&shape=block")

    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert f"frame-ancestors {ORIGIN};" in f"{policy};"
    assert "unsafe" not in policy
    assert "X-Frame-Options" not in page.headers
    assert "Set-Cookie" not in page.headers
    told = json.loads(re.search(r'id="embed">(.*?)</script>', page.text)[1])  # type: ignore[index]
    assert (told["key"], told["origins"], told["shape"]) == (frame.site.key, [ORIGIN], "block")
    assert 'data-theme="dark"' in page.text


@pytest.mark.parametrize("language", ["ru", "uk", "en"])
def test_it_speaks_as_the_page_around_it(frame: Frame, language: str) -> None:
    page = frame.browser.get(
        f"/embed/{frame.site.key}?lang={language}", headers={"Accept-Language": "de"}
    )
    assert f'<html class="embedded embedded--button" lang="{language}"' in page.text


def test_a_made_up_shape_or_theme_is_none(frame: Frame) -> None:
    page = frame.get("?theme=pink%22&shape=round")
    assert 'class="embedded embedded--button"' in page.text
    assert "data-theme" not in page.text


def test_a_shut_site_and_an_unknown_key_are_nowhere(frame: Frame) -> None:
    topic_paths = ["", "/answers?q=карта", "/mine", "/unread"]
    frame.site.disabled_at = clock.now()
    assert {frame.get(path).status_code for path in topic_paths} == {404}
    assert frame.post("/start").status_code == 404
    assert frame.browser.get("/embed/no-such-key").status_code == 404


def test_a_page_is_shown_what_its_category_asks_most(frame: Frame, house: Builders) -> None:
    cards, loans = house.category(name="Карты"), house.category(name="Кредиты")
    few, many = (
        house.question(category=cards, title="Где моя карта?"),
        house.question(category=cards, title="Как сменить ПИН?"),
    )
    unanswered = house.question(category=cards, title="Когда ответят?")
    elsewhere = house.question(category=loans, title="Как гасить раньше?")
    idea = house.idea(category=cards)
    for topic in (few, many, elsewhere, idea):
        house.answer(topic)
    for topic in (many, elsewhere, idea, unanswered):
        topics.vote(house.customer(), topic)
    frame.site.places = [Place(prefix="/cards", category_id=cards.id)]

    page = frame.post("/start", {"page": f"{ORIGIN}/cards/black", "page_title": "Чёрная карта"})

    assert titles(page) == ["Как сменить ПИН?", "Где моя карта?"]


def test_topics_like_the_pages_title_come_first(
    frame: Frame, house: Builders, work: Callable[[], None]
) -> None:
    cards = house.category(name="Карты")
    popular = house.question(category=cards, title="Как сменить ПИН?")
    like = house.question(category=cards, title="Почему карта не работает в метро?")
    for topic in (popular, like):
        house.answer(topic)
    topics.vote(house.customer(), popular)
    frame.site.category_id = cards.id
    work()

    page = frame.post("/start", {"page_title": "Карта в метро — Банк Пример"})

    assert titles(page) == ["Почему карта не работает в метро?", "Как сменить ПИН?"]


def test_the_banks_name_is_no_part_of_what_a_page_is_about() -> None:
    bank = Brand(name="Полдень")
    assert reading.of_the_page("Кредитные карты — Полдень", bank) == "Кредитные карты"
    assert reading.of_the_page("Банк Полдень | Вклады  | «Зенит»", bank) == "Вклады «Зенит»"
    assert reading.of_the_page("Полдень", bank) == ""


def test_answers_are_found_while_typing(
    frame: Frame, house: Builders, work: Callable[[], None]
) -> None:
    topic = house.question(title="Почему карта не работает в метро?")
    house.answer(topic, "Потому что <турникет> старый.")
    work()

    found = frame.get("/answers?q=карта+метро")

    assert titles(found) == ["Почему карта не работает в метро?"]
    assert f"/embed/{frame.site.key}/topics/{topic.id}" in found.text
    assert "<турникет>" not in found.text
    assert frame.get("/answers?q=ка").status_code == 204
    assert frame.get("/answers?q=йцукенгшщз").status_code == 204


def test_a_topic_is_read_in_place(frame: Frame, house: Builders) -> None:
    at = clock.now() - timedelta(hours=5)
    owner = house.executive(name="Мария Зорина", post="Директор по картам")
    topic = house.question(category=house.category(owner), at=at)
    house.answer(
        topic, "Починили. [Подробнее](https://elsewhere.example/x)", at=at + timedelta(hours=3)
    )
    house.comment(topic, "А у меня работает.")

    page = frame.get(f"/topics/{topic.id}")

    assert "Мария Зорина" in page.text
    assert "Директор по картам" in page.text
    assert "Ответ дан за 3 ч" in page.text.replace("\xa0", " ")
    assert "is-answered" in page.text
    # What others say is read on the topic's own page.
    assert "А у меня работает." not in page.text
    assert re.search(rf'href="/topics/{topic.id}" target="_blank"', page.text)
    # A guest is asked whether it helped, and can say nothing in anybody's name.
    assert "data-helped" in page.text
    assert "<form" not in page.text


def test_what_is_out_of_sight_is_nowhere(frame: Frame, house: Builders) -> None:
    topic = house.question()
    topic.hidden_at = clock.now()
    for path in ("", "/seen", "/replies", "/verdict"):
        send = frame.get if not path else frame.post
        assert send(f"/topics/{topic.id}{path}").status_code == 404
    assert frame.get("/topics/999999").status_code == 404


def test_a_merged_topic_is_read_where_it_is_answered(frame: Frame, house: Builders) -> None:
    topic, into = house.question(), house.question(title="Метро не принимает карты")
    topic.merged_into_id = into.id
    session.flush()
    assert f'data-topic="{into.id}"' in frame.get(f"/topics/{topic.id}").text


def test_uses_are_counted_by_page_and_never_of_machines(frame: Frame) -> None:
    uses._uses.flush()  # what was counted before, in this process
    session.execute(delete(Use))
    page = {"page": f"{ORIGIN}/cards?client=4417"}
    for what in ("opened", "searched", "helped", "stolen"):
        assert frame.post("/uses", {"what": what, **page}).status_code == 204
    frame.post("/uses", {"what": "opened"})
    robot = {"User-Agent": "Googlebot/2.1"}
    frame.browser.post(f"/embed/{frame.site.key}/uses", {"what": "opened", **page}, headers=robot)

    uses._uses.flush()

    [row] = session.scalars(select(Use)).all()
    assert (row.page, row.opened, row.searched, row.helped) == ("/cards", 1, 1, 1)


def test_a_guest_has_no_questions_and_reads_nothing_away(frame: Frame, house: Builders) -> None:
    topic = house.question()
    house.answer(topic)
    assert frame.get("/unread").json == {"unread": 0}
    assert titles(frame.get("/mine")) == []
    assert frame.post(f"/topics/{topic.id}/seen").status_code == 204
    assert session.scalars(select(Seen)).all() == []
    assert frame.post(f"/topics/{topic.id}/replies", {"body": "Я тоже."}).status_code == 404
    assert frame.post(f"/topics/{topic.id}/verdict", {"solved": "yes"}).status_code == 404


@pytest.fixture
def asked(frame: Frame, house: Builders) -> Topic:
    """A question of whom the bank knows."""
    person = house.customer()
    frame.know(person)
    return house.question(asker=person, at=clock.now() - timedelta(hours=2))


def test_an_answer_is_new_until_it_was_read(frame: Frame, house: Builders, asked: Topic) -> None:
    house.question(title="Чужой вопрос")
    assert frame.get("/unread").json == {"unread": 0}

    house.answer(asked, at=clock.now() - timedelta(hours=1))

    assert frame.get("/unread").json == {"unread": 1}
    assert "data-new" in frame.get("/mine").text
    assert "embed__count" in frame.post("/start").text
    assert titles(frame.get("/mine")) == [asked.title]
    assert f"/topics/{asked.id}/seen" in frame.get(f"/topics/{asked.id}").text

    assert frame.post(f"/topics/{asked.id}/seen").status_code == 204
    assert frame.get("/unread").json == {"unread": 0}
    assert "data-new" not in frame.get("/mine").text

    # What is said later is new again, a question back as well.
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        topics.ask_back(asked.category.owner, asked, "Какой турникет?")
        assert frame.get("/unread").json == {"unread": 1}


def test_what_lies_long_and_what_one_has_answered_is_not_new(
    frame: Frame, house: Builders, asked: Topic
) -> None:
    house.answer(asked, at=clock.now() - timedelta(hours=1))
    with time_machine.travel(clock.now() + timedelta(days=31)):
        assert reading.unread(asked.asker) == 0
    topics.comment(asked.asker, asked, "Спасибо.", wants_answer=False)
    assert frame.get("/unread").json == {"unread": 0}


def test_an_answer_where_ones_topic_was_merged_is_new(
    frame: Frame, house: Builders, asked: Topic
) -> None:
    into = house.question(title="Метро не принимает карты")
    asked.merged_into_id = into.id
    house.answer(into)
    session.flush()
    assert frame.get("/unread").json == {"unread": 1}
    frame.post(f"/topics/{into.id}/seen")
    assert frame.get("/unread").json == {"unread": 0}


def test_the_asker_answers_back_and_gets_a_promise(
    frame: Frame, house: Builders, asked: Topic
) -> None:
    topics.ask_back(asked.category.owner, asked, "Какой турникет?")
    assert "Какой турникет?" in frame.get(f"/topics/{asked.id}").text

    empty = frame.post(f"/topics/{asked.id}/replies", {"body": "  "})
    assert empty.status_code == 422
    assert 'aria-invalid="true"' in empty.text

    page = frame.post(f"/topics/{asked.id}/replies", {"body": "Северный, у лестницы."})

    assert page.status_code == 200
    assert "Северный, у лестницы." in page.text
    [told] = re.findall(r'role="status".*?</div>', page.text, re.DOTALL)
    assert asked.category.owner.name in told


def test_the_asker_says_whether_it_is_solved(frame: Frame, house: Builders, asked: Topic) -> None:
    house.answer(asked)

    page = frame.post(f"/topics/{asked.id}/verdict", {"solved": "no", "body": "Опять не пускает."})
    assert page.status_code == 200
    assert asked.state == "reopened"
    assert "Опять не пускает." in page.text

    house.answer(asked, "Теперь точно.")
    assert frame.post(f"/topics/{asked.id}/verdict", {"solved": "yes"}).status_code == 200
    assert asked.state == "solved"


def test_what_waits_to_be_read_is_said_and_not_shown(frame: Frame, house: Builders) -> None:
    person = house.customer()
    frame.know(person)
    topic = house.question(asker=person, category=house.category(gate="everybody"))

    page = frame.post(f"/topics/{topic.id}/replies", {"body": "Добавлю: это утром."})

    assert page.status_code == 200
    assert "Добавлю: это утром." not in page.text
    assert 'role="status"' in page.text


def test_nobody_answers_back_for_another(frame: Frame, house: Builders, asked: Topic) -> None:
    others = house.question()
    house.answer(others)
    for path, data in (("replies", {"body": "Я тоже."}), ("verdict", {"solved": "yes"})):
        assert frame.post(f"/topics/{others.id}/{path}", data).status_code == 404
    frame.post(f"/topics/{others.id}/seen")
    assert session.scalars(select(Seen)).all() == []


def test_lists_cost_the_same_however_long_they_are(
    frame: Frame, house: Builders, asked: Topic, count_sql: Callable[[], Any]
) -> None:
    def cost() -> list[int]:
        counts = []
        for send in (lambda: frame.get("/mine"), lambda: frame.post("/start")):
            send()
            with count_sql() as statements:
                assert send().status_code == 200
            counts.append(len(statements))
        return counts

    house.answer(asked)
    house.question(asker=asked.asker)
    few = cost()
    for _each in range(3):
        category = house.category()
        house.answer(house.question(asker=asked.asker, category=category))
        house.question(asker=asked.asker, category=category)
    assert len(titles(frame.get("/mine"))) == 8
    assert cost() == few


def test_a_page_says_of_itself_what_fits_and_no_more(app: Any) -> None:
    said = {
        "page": "https://bank.example/" + "a" * 900,
        "page_title": "Карты\u202e\n  банка",
        "context": json.dumps({f"k{n}": "v" * 900 for n in range(40)} | {"x": {"y": 1}}),
    }
    with app.test_request_context("/", method="POST", data=said):
        page = host_page()
    assert len(page.address) == LONGEST_PAGE
    assert page.title == "Карты банка"
    assert len(page.context) == MOST
    for broken in ("[1]", "{", "[" * 100_000, "7"):
        with app.test_request_context("/", method="POST", data={"context": broken}):
            assert host_page().context == {}
    with app.test_request_context("/", headers={"X-Page": "%D0%BA%FF", "X-Page-Title": "a%20b"}):
        assert (host_page().address[0], host_page().title) == ("к", "a b")
