"""The page of watched words: adding, trying out, and the whole list as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import Response, current_app, flash, render_template

from app.core import policy
from app.core.i18n import _, ngettext
from app.core.panels import panel
from app.core.web import current_actor, inside, see_other
from app.moderation import watchlist
from app.moderation.forms.watching import ACTION_WORDS, ListForm, TryForm, WordForm
from app.moderation.service import watching
from app.moderation.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.moderation.models import WatchedWord
    from app.moderation.watchlist import Looked

MAY = "moderation.watch_words"


@panel("manage:words", order=12)
def to_the_words() -> str:
    """The way here, for those who may."""
    if not policy.can(current_actor(), MAY):
        return ""
    return render_template("moderation/_words_menu.html")


@door.get("/manage/words", may=MAY)
def watched_words() -> ResponseReturnValue:
    """Everything that is watched, and the boxes to add to it."""
    return _page()


@door.post("/manage/words", may=MAY)
def add_word() -> ResponseReturnValue:
    """Watch one more."""
    form = WordForm(is_ours)
    if not form.validate():
        return _page(word_form=form), 422
    try:
        watching.add(current_actor(), [form.said])
    except watching.TooManyError:
        form.form_errors.append(too_many_words())
        return _page(word_form=form), 422
    flash(_("It is watched from now on: %(word)s", word=form.said.phrase), "kept")
    return see_other("moderation.watched_words")


@door.post("/manage/words/<int:word_id>/removal", may=MAY, on=watchlist.entry)
def remove_word(word: WatchedWord) -> ResponseReturnValue:
    """Watch it no longer."""
    phrase = word.phrase
    watching.remove(current_actor(), word)
    flash(_("Removed: %(name)s", name=phrase), "kept")
    return see_other("moderation.watched_words")


@door.post("/manage/words/try", may=MAY)
def try_words() -> ResponseReturnValue:
    """What would become of a text; nothing of it is kept."""
    form = TryForm()
    if not form.validate():
        return _page(try_form=form), 422
    return _page(try_form=form, looked=watchlist.look({"body": form.text.data or ""}))


@door.post("/manage/words/list", may=MAY)
def import_words() -> ResponseReturnValue:
    """Watch everything on a list; all of it, or nothing when a line is wrong."""
    form = ListForm(is_ours)
    if not form.validate():
        return _page(list_form=form), 422
    try:
        added = watching.add(current_actor(), form.entries)
    except watching.TooManyError:
        form.form_errors.append(too_many_words())
        return _page(list_form=form), 422
    words = ngettext("%(num)d new word is watched.", "%(num)d new words are watched.", added)
    flash(words, "kept")
    return see_other("moderation.watched_words")


@door.get("/manage/words/list.txt", may=MAY)
def export_words() -> ResponseReturnValue:
    """The list as a file that can be pasted back."""
    response = Response(watching.written(watchlist.entries()), mimetype="text/plain")
    response.headers["Content-Disposition"] = 'attachment; filename="watched-words.txt"'
    return response


def is_ours(address: str) -> bool:
    """Whether a link may lead there: a page of this site, by path or by its whole address."""
    if address.isascii() and not set(address) & set(" ()<>[]\"'"):
        ours = urlsplit(current_app.config["PUBLIC_URL"])
        whole = f"{ours.scheme}://{ours.netloc}/"
        path = address.removeprefix(whole.rstrip("/")) if address.startswith(whole) else address
        return inside(path) is not None
    return False


def too_many_words() -> str:
    """Why the list grows no further."""
    return _("More than %(number)s words are watched by nobody.", number=watchlist.MOST)


def _page(
    *,
    word_form: WordForm | None = None,
    list_form: ListForm | None = None,
    try_form: TryForm | None = None,
    looked: Looked | None = None,
) -> str:
    forms: dict[str, Any] = {
        "word_form": word_form or WordForm(is_ours, fresh=True),
        "list_form": list_form or ListForm(is_ours, fresh=True),
        "try_form": try_form or TryForm(fresh=True),
    }
    return render_template(
        "moderation/words.html",
        words=watchlist.entries(),
        actions=ACTION_WORDS,
        looked=looked,
        **forms,
    )
