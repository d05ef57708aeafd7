"""Every component in every state, on one page: for those who build pages, in development only."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from flask import render_template
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    EmailField,
    FileField,
    Form,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Email, InputRequired

from app.core import clock
from app.core.policy import anyone, permission
from app.core.web import Door

door = Door("catalogue", __name__)
permission("core.catalogue", [anyone])

KINDS = [("question", "Question"), ("idea", "Idea"), ("problem", "Problem"), ("praise", "Praise")]


class Sample(Form):
    """A form with one field of every kind."""

    kind = RadioField("What is it?", choices=KINDS, default="question")
    title = StringField("Title", [InputRequired("Write a title.")], description="In a few words.")
    body = TextAreaField("Text")
    zone = SelectField("Time zone", choices=[("Europe/Kyiv", "Kyiv"), ("Europe/London", "London")])
    password = PasswordField("Password")
    when = RadioField("When", choices=[("now", "Now"), ("later", "Later")], default="now")
    mail = BooleanField("Tell me by e-mail")
    picture = FileField("Picture")
    email = EmailField("E-mail", [Email("Write the address like name@example.org.")])


def _person(number: int, name: str, post: str, role: str = "executive") -> SimpleNamespace:
    initials = "".join(word[0] for word in name.split())
    return SimpleNamespace(
        id=number, name=name, post=post, role=role, portrait_url=None, initials=initials
    )


@door.get("/ui", may="core.catalogue")
def catalogue() -> str:
    """The design system, to be looked at."""
    bad = Sample(MultiDict({"email": "nobody"}), prefix="bad-")
    bad.validate()
    people = [
        _person(1, "Anna Petrova", "Head of cards"),
        _person(2, "Oleg Sydorenko", "Head of transfers"),
        _person(3, "Ira", "", "customer"),
    ]
    return render_template(
        "ui/catalogue.html",
        now=clock.now(),
        hour=timedelta(hours=1),
        people=people,
        form=Sample(),
        bad_form=bad,
    )
