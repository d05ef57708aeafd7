"""One of everything an address can name, really there: so every rule there is can be asked.

    samples = Samples(house)
    for rule in every(app):
        browser.get(samples.address(app, rule))

A rule whose argument has no sample here fails tests/core/test_web.py: say in `values` what it
stands for, or in `of_endpoint` when the same word means different things on different pages.
"""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from PIL import Image as Picture
from sqlalchemy import select
from werkzeug.routing import AnyConverter

from app.accounts import absences
from app.accounts import queries as people
from app.accounts import service as accounts
from app.accounts.models import OutsideIdentity, Passkey, Session
from app.core import clock
from app.core.db import session
from app.core.web import Id
from app.media import service as pictures
from app.moderation import queries as moderated
from app.moderation import service as moderation
from app.moderation import watchlist
from app.moderation.service import reporting, watching
from app.notify import service as notify
from app.privacy import service as privacy
from app.search.service import wordlist
from app.sla.queries import promises
from app.sla.service import calendars
from app.topics import gate
from app.topics.models import Post
from app.topics.service import Words
from app.widget import snippets
from app.widget.models import Origin, Site
from app.widget.service import asking, keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from werkzeug.routing import Rule

    from app.accounts.models import Person
    from app.moderation.models import Act, Submission
    from app.topics.models import Topic
    from tests.builders import Builders

TAG = "метро"
BANK = "https://bank.example"
ALL_DAYS = {"mode": "24x7", "tz": "Europe/Moscow"}


def every(app: Flask) -> list[Rule]:
    """The rules of our own pages, in one order."""
    found = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    return sorted(found, key=lambda rule: (rule.rule, rule.endpoint))


class Samples:
    """An asked, answered and commented question, who took part in it, and all the rest."""

    def __init__(self, house: Builders, topic: Topic | None = None) -> None:
        self.house = house
        self.topic = topic or self._topic(house)
        answer = self.topic.answer
        assert answer is not None
        self.people = {
            "guest": None,
            "customer": house.customer(),
            "asker": self.topic.asker,
            "executive": house.executive(),
            "manager": house.manager(),
            "administrator": house.administrator(),
        }
        manager, owner = self.people["manager"], self.topic.category.owner
        assert manager is not None
        [promise, *_] = promises.promises_of(self.topic)
        at = clock.now() + timedelta(days=3)
        away = absences.go_away(manager, owner, absences.Leave(at, at + timedelta(days=2)))
        calendar = calendars.create(manager, calendars.Said("Всегда", ALL_DAYS))
        [group] = wordlist.add(manager, [["карта", "пластик"]])
        self.values: dict[str, object] = {
            "topic_id": self.topic.id,
            "post_id": answer.id,
            "seq": answer.seq,
            "person_id": owner.id,
            "slug": self.topic.category.slug,
            "number": 1,
            "absence_id": away.id,
            "calendar_id": calendar.id,
            "group_id": group.id,
            "promise_id": promise.id,
            "place": self.topic.category.slug,
            "scope": f"category-{self.topic.category_id}",
            "what": "kept",
            "key": self._picture(),
            "session_id": self._session(manager),
            # Reports of a topic and of a post stand at one address: any(topic,post) of this number.
            "thing_id": self.topic.id,
            "kind": "privacy",
            "passkey_id": self._passkey(manager),
        }
        # What a word means on all pages of a slice.
        self.of_slice: dict[str, dict[str, object]] = {"widget": self._widget()}
        self.of_endpoint: dict[str, dict[str, object]] = {
            "topics.tag": {"name": TAG},
            "accounts.confirm": {"token": self._ticket("confirm", house.person(confirmed_at=None))},
            "accounts.reset": {"token": self._ticket("reset", house.customer(with_password=True))},
            "accounts.use_link": {"token": self._ticket("link", house.customer())},
            "accounts.change_address": {"token": self._ticket("change", house.customer())},
        }
        self.of_endpoint["widget.confirm"] = {"token": self._asked()}
        self.of_endpoint["widget.release"] = {"version": snippets.releases()[0].version}
        token = notify.unsubscribe_token(self.topic.asker, "answer", self.topic.id)
        for name in ("unsubscribe", "end_letters", "resume_letters"):
            self.of_endpoint[f"notify.{name}"] = {"token": token}
        comments = select(Post.id).where(Post.topic_id == self.topic.id, Post.kind == "comment")
        self.of_endpoint["moderation.split"] = {"post_id": session.scalar(comments) or answer.id}
        self._moderated(manager)
        self._personal()
        session.flush()

    def missing(self, app: Flask) -> list[str]:
        """What addresses name and nobody said what it stands for."""
        return [
            f"{rule.endpoint}: {name}"
            for rule in every(app)
            for name in sorted(rule.arguments)
            if not isinstance(rule._converters[name], AnyConverter)
            and name not in self._known(rule)
        ]

    def addresses(self, app: Flask, method: str) -> Iterator[tuple[str, str]]:
        """The endpoint and address of every rule that answers `method`; each word of any()."""
        adapter = app.url_map.bind("otklik.test")
        for rule in every(app):
            if method in (rule.methods or ()):
                for values in self._values(rule):
                    yield rule.endpoint, adapter.build(rule.endpoint, values, method=method)

    def _known(self, rule: Rule) -> dict[str, object]:
        of_slice = self.of_slice.get(rule.endpoint.partition(".")[0], {})
        return {**self.values, **of_slice, **self.of_endpoint.get(rule.endpoint, {})}

    def mailed(self, app: Flask) -> Iterator[tuple[str, str]]:
        """The pages whose address is itself what opens them."""
        by_link = {rule.endpoint for rule in every(app) if "token" in rule.arguments}
        return ((name, path) for name, path in self.addresses(app, "GET") if name in by_link)

    def _values(self, rule: Rule) -> Iterator[dict[str, Any]]:
        known = self._known(rule)
        choices = {
            name: sorted(converter.items)
            for name, converter in rule._converters.items()
            if isinstance(converter, AnyConverter)
        }
        plain = {
            name: known.get(name, 1 if isinstance(rule._converters[name], Id) else "x")
            for name in rule.arguments - choices.keys()
        }
        if not choices:
            yield plain
        for name, words in choices.items():
            for word in words:
                yield {**plain, name: word}

    def _topic(self, house: Builders) -> Topic:
        topic = house.question(tags=[TAG])
        house.answer(topic)
        house.comment(topic)
        return topic

    def _moderated(self, manager: Person) -> None:
        """What the asker wrote and was held, returned or hidden; whom and what is watched."""
        watching.add(manager, [watching.Entry("flag", "кэшбэкомания")])
        waiting, returned = self._held("Когда вернётся карта?"), self._held("Верните карту.")
        moderation.give_back(manager, returned, "unclear", "Какую карту?")
        restrained = self.house.customer()
        restraint = moderation.restrain(manager, restrained, "suspend", "Реклама в ответах.", None)
        appeal = moderation.appeal_act(
            restrained, moderated.act(restraint.act_id), "Это была не реклама."
        )
        self.values |= {
            "submission_id": waiting.id,
            "act_id": self._removal(manager).id,
            "appeal_id": appeal.id,
            "restraint_id": restraint.id,
            "report_id": reporting.report(self.house.customer(), self.topic, "off_topic").id,
            "word_id": watchlist.entries()[0].id,
        }
        self.of_endpoint |= {
            "moderation.submission": {"submission_id": returned.id},
            "moderation.appeal_submission": {"submission_id": returned.id},
            "moderation.restraint": {"token": moderation.token_of(restraint)},
        }
        namesake = self.house.customer(name=self.topic.category.owner.name)
        for name in ("ask_for_another", "give_a_neutral_name"):
            self.of_endpoint[f"accounts.{name}"] = {"person_id": namesake.id}
        for name in ("person", "lift", "vouch"):
            self.of_endpoint[f"moderation.{name}"] = {
                "person_id": restrained.id,
                "restraint_id": restraint.id,
            }

    def _held(self, title: str) -> Submission:
        """A text of the asker's that waits to be read."""
        category = self.house.category(gate="everybody")
        words = Words("question", title, f"{title} Жду её с понедельника.", category, [])
        held = gate.ask(self.topic.asker, words)
        assert isinstance(held, gate.Held)
        found = moderated.text(held.number)
        assert found is not None
        return found

    def _removal(self, manager: Person) -> Act:
        """The act that hid the topic, when it is hidden; else of another one of its asker's."""
        [*acts] = moderated.removals_of(self.topic.asker)
        if acts:
            return acts[0]
        topic = self.house.question(asker=self.topic.asker, title="Куплю номера карт, недорого")
        return moderation.hide(manager, topic, "Объявление, а не вопрос.")

    def _personal(self) -> None:
        """What is kept of people: an export of the asker's, erasures and a hold of others."""
        asker, administrator = self.topic.asker, self.people["administrator"]
        leaving, gone = self.house.customer(), self.house.customer()
        erasure = privacy.request_erasure(leaving, words=True)
        done = privacy.order_erasure(
            administrator, gone, words=False, basis="letter", reference="№ 7"
        )
        done.done_at, done.act = clock.now(), {"tables": {"people": 1}, "files": 0, "topics": 0}
        on = (clock.now() + timedelta(days=90)).date()
        identity = OutsideIdentity(
            person_id=asker.id, issuer="https://id.example", subject="asker-7"
        )
        session.add(identity)
        session.flush()
        self.values |= {
            "erasure_id": erasure.id,
            "hold_id": privacy.place(administrator, leaving, "Спор о переводе.", on).id,
            "export_id": privacy.ask_export(asker, "ru").id,
            "identity_id": identity.id,
        }
        for name in ("act", "act_as_json"):
            self.of_endpoint[f"privacy.{name}"] = {"erasure_id": done.id}
        for name in ("order_erasure", "place_hold"):
            self.of_endpoint[f"privacy.{name}"] = {"person_id": leaving.id}

    def _widget(self) -> dict[str, object]:
        """A site that carries the widget, and what its tokens are signed with."""
        administrator = self.people["administrator"]
        assert administrator is not None
        site = Site(key="sample-site-0000000000", name="Сайт банка", origins=[Origin(origin=BANK)])
        session.add(site)
        session.flush()
        key, _secret = keys.add_secret(administrator, site)
        return {"key": site.key, "site_id": site.id, "key_id": key.id}

    def _asked(self) -> str:
        """What a guest asked on the bank's site and has yet to publish."""
        site = session.get_one(Site, self.of_slice["widget"]["site_id"])
        said = {"kind": "question", "title": "Как закрыть вклад?", "body": "Раньше срока, из дома."}
        where = asking.From(f"{BANK}/deposits", "Вклады", {"product": "Вклад"})
        fields = {**said, "category_id": str(self.topic.category_id)}
        asking.send_link(site, "guest@example.org", fields, where, "ru")
        [ticket] = people.tickets_to("guest@example.org", "publish", clock.now() - timedelta(1))
        return accounts.token(ticket)

    def _picture(self) -> str:
        target = io.BytesIO()
        Picture.new("RGB", (6, 4), "teal").save(target, "PNG")
        return pictures.take(target.getvalue()).key

    def _passkey(self, person: Person) -> int:
        made = Passkey(person_id=person.id, name="Ключ", credential_id="x", public_key="x")
        session.add(made)
        session.flush()
        return made.id

    def _session(self, person: Person) -> int:
        made = Session(key_hash="0" * 64, data={}, person_id=person.id, browser="")
        session.add(made)
        session.flush()
        return made.id

    def _ticket(self, purpose: str, person: Person) -> str:
        ticket = accounts.issue(purpose, person, person.email or "", "ru")
        return accounts.token(ticket)
