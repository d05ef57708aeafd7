"""The page on which staff keeps words that mean the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template

from app.core import policy
from app.core.i18n import _, ngettext
from app.core.panels import panel
from app.core.web import current_actor, see_other
from app.search import synonyms
from app.search.forms.synonyms import WordsForm
from app.search.service import wordlist
from app.search.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.search.models import Synonyms

MAY = "search.keep_synonyms"


@panel("manage:words", order=28)
def in_the_menu() -> str:
    """The way here, for those who may."""
    if not policy.can(current_actor(), MAY):
        return ""
    return render_template("search/synonyms_menu.html")


@door.form("/manage/synonyms", may=MAY)
def synonym_list() -> ResponseReturnValue:
    """Every group, and a box to add more."""
    form = WordsForm()
    if form.is_sent_well():
        made = wordlist.add(current_actor(), form.groups)
        flash(
            ngettext(
                "Added: %(num)d group. Searches know it from now on.",
                "Added: %(num)d groups. Searches know them from now on.",
                len(made),
            ),
            "kept",
        )
        return see_other("search.synonym_list", _anchor=f"group-{made[0].id}")
    page = render_template("search/synonyms.html", form=form, groups=synonyms.groups())
    return page, 422 if form.errors else 200


@door.form("/manage/synonyms/<int:group_id>", may=MAY, on=synonyms.group)
def change_synonyms(group: Synonyms) -> ResponseReturnValue:
    """Other words for a group."""
    form = WordsForm(group)
    if form.is_sent_well():
        wordlist.change(current_actor(), group, form.groups[0])
        flash(_("Saved: %(name)s", name=", ".join(group.words)), "kept")
        return see_other("search.synonym_list", _anchor=f"group-{group.id}")
    page = render_template("search/synonyms_edit.html", form=form, group=group)
    return page, 422 if form.errors else 200


@door.post("/manage/synonyms/<int:group_id>/removal", may=MAY, on=synonyms.group)
def remove_synonyms(group: Synonyms) -> ResponseReturnValue:
    """Searches for one of its words find that word alone."""
    words = ", ".join(group.words)
    wordlist.remove(current_actor(), group)
    flash(_("Removed: %(name)s", name=words), "kept")
    return see_other("search.synonym_list")
