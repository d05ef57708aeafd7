"""Your data: take everything with you, or have yourself erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, request
from flask import session as browser
from flask_login import user_logged_in

from app.accounts import sessions
from app.core import retention
from app.core.events import record
from app.core.i18n import _, day, locale_code
from app.core.panels import panel
from app.core.sending import send
from app.core.web import current_actor, see_other, wants_fragment
from app.privacy import archive, queries, service
from app.privacy.events import ExportTaken
from app.privacy.forms import ErasureForm
from app.privacy.service.erasing import AlreadyAskedError, StaffError
from app.privacy.service.exporting import ONE_IN, stands_until
from app.privacy.views import door

if TYPE_CHECKING:
    from flask import Flask
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.privacy.models import Export

LEAVING = "leaving"
# Somebody about to be erased may do nothing but stay, go, or take their data with them.
OPEN_DOORS = {"accounts", "privacy", "media", "brand", "insight", None}
# The page of an export in the making looks again by itself, without a script.
AGAIN_IN = 5


def remember_that_they_leave(_app: Flask, user: Person, **_more: object) -> None:
    """Signing in is how one takes an erasure back: they are asked at once."""
    if queries.waiting_erasure(user.id) is not None:
        browser[LEAVING] = True


user_logged_in.connect(remember_that_they_leave)


@door.before_app_request
def ask_whether_they_stay() -> ResponseReturnValue | None:
    """Every page leads to the question until it is answered."""
    if request.method != "GET" or request.blueprint in OPEN_DOORS or wants_fragment():
        return None
    if not browser.get(LEAVING) or current_actor().id is None:
        return None
    return see_other("privacy.your_data")


@panel("profile:after", order=90)
def in_the_profile(person: Person) -> str:
    """The way here."""
    return render_template("privacy/_profile.html", person=person)


@door.get("/profile/data", may="privacy.own")
def your_data() -> ResponseReturnValue:
    """What can be asked for, and what was."""
    person: Person = current_actor()
    export = queries.last_export(person)
    return render_template(
        "privacy/your_data.html",
        export=export,
        stands_until=stands_until(export) if export else None,
        next_at=export.asked_at + ONE_IN if export else None,
        erasure=queries.waiting_erasure(person.id),
        hold=queries.hold_on(person.id),
        days=retention.days("cooling"),
    )


@door.post("/profile/data/exports", may="privacy.own", fresh=True)
def ask_export() -> ResponseReturnValue:
    """The worker puts it together; a letter comes when it is done."""
    try:
        export = service.ask_export(current_actor(), locale_code())
    except service.TooSoonError:
        flash(_("You can ask once a day. The last one is below, as long as it lies here."), "info")
        return see_other("privacy.your_data")
    return see_other("privacy.export", export_id=export.id)


@door.get("/profile/data/exports/<int:export_id>", may="privacy.take_export", on=queries.export)
def export(export: Export) -> ResponseReturnValue:
    """How far it is, and the way to the file."""
    return render_template(
        "privacy/export.html",
        export=export,
        stands_until=stands_until(export),
        again_in=AGAIN_IN,
    )


@door.post(
    "/profile/data/exports/<int:export_id>/file",
    may="privacy.take_export",
    on=queries.export,
    fresh=True,
)
def take_export(export: Export) -> ResponseReturnValue:
    """The file itself, to whom it is about, who has just proved it."""
    file = archive.file(export)
    if stands_until(export) is None or not file.exists():
        flash(_("The file is not here any more. You can ask for a new one."), "info")
        return see_other("privacy.your_data")
    record(ExportTaken(export.person_id, export.id), by=export.person_id)
    name = f"otklik-{export.asked_at:%Y-%m-%d}.zip"
    return send(file, "application/zip", size=export.size, etag=export.key, name=name)


@door.form("/profile/data/erasure", may="privacy.own", fresh="post")
def erase_me() -> ResponseReturnValue:
    """What goes and what stays is said first; then there are days to think better of it."""
    person: Person = current_actor()
    form = ErasureForm()
    days = retention.days("cooling")
    if not form.is_sent_well():
        page = render_template("privacy/erase.html", form=form, days=days)
        return page, 422 if form.errors else 200
    try:
        erasure = service.request_erasure(person, words=form.words)
    except StaffError:
        form.form_errors.append(
            _("You work for the bank here. Ask an administrator to give up the role first.")
        )
        return render_template("privacy/erase.html", form=form, days=days), 422
    except AlreadyAskedError:
        return see_other("privacy.your_data")
    sessions.end()
    flash(
        _(
            "You are signed out. On %(day)s your account is erased."
            " To keep it, sign in before that.",
            day=day(erasure.due_at),
        ),
        "info",
    )
    return see_other("accounts.sign_in")


@door.post("/profile/data/erasure/cancel", may="privacy.own")
def keep_me() -> ResponseReturnValue:
    """They stay."""
    erasure = queries.waiting_erasure(current_actor().id)
    if erasure is not None:
        service.cancel(erasure, current_actor().id)
        flash(_("Your account stays. Nothing was erased."), "success")
    browser.pop(LEAVING, None)
    return see_other("privacy.your_data")
