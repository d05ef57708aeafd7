"""Managing categories: their words, their order, their people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, request, url_for

from app.accounts.queries import staff
from app.core.i18n import _, ngettext
from app.core.panels import panel
from app.core.policy import can
from app.core.web import current_actor, see_other
from app.topics import queries, service
from app.topics.forms import CategoryForm
from app.topics.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.accounts.models import Person
    from app.topics.models import Category

MAY = "topics.manage_categories"


@panel("manage:words", order=20)
def in_the_menu() -> str:
    """The way here, for those who may."""
    return render_template("topics/_menu.html") if can(current_actor(), MAY) else ""


@panel("account:menu", order=30)
def in_the_account_menu() -> str:
    """The way to the pages where the house is kept."""
    return render_template("topics/_account_menu.html") if can(current_actor(), MAY) else ""


@panel("person:manage")
def what_they_answer_for(person: Person) -> str:
    """The categories that name somebody, for whoever is about to change their role."""
    named = queries.categories_with(person.id)
    if not named:
        return ""
    return render_template("topics/_answers_for.html", categories=named, person=person)


@door.get("/manage/categories", may=MAY)
def manage_categories() -> ResponseReturnValue:
    """Every category in its order, the archived ones last."""
    return render_template("topics/manage_categories.html", categories=queries.all_categories())


@door.form("/manage/categories/new", may=MAY)
def create_category() -> ResponseReturnValue:
    """A new category."""
    form = CategoryForm(staff())
    if not form.is_sent_well():
        return _page(form)
    try:
        category = service.create_category(current_actor(), form.slug.data or "", form.filled())
    except service.SlugTakenError:
        form.slug.errors = [_("Another category has this address.")]
        return _page(form)
    flash(_("The category is open: %(name)s", name=category.name), "kept")
    return see_other("topics.manage_categories")


@door.form("/manage/categories/<slug>", may=MAY, on=queries.category_by_slug)
def change_category(category: Category) -> ResponseReturnValue:
    """A category's words and people."""
    form = CategoryForm(staff(), category)
    if not form.is_sent_well():
        return _page(form, category)
    service.change_category(current_actor(), category, form.filled())
    flash(_("Saved: %(name)s", name=category.name), "kept")
    return see_other("topics.manage_categories")


@door.post("/manage/categories/<slug>/place", may=MAY, on=queries.category_by_slug)
def move_category(category: Category) -> ResponseReturnValue:
    """One place up or down."""
    service.move_category(current_actor(), category, up=request.form.get("way") == "up")
    return see_other("topics.manage_categories", _anchor=category.slug)


@door.post("/manage/categories/<slug>/archive", may=MAY, on=queries.category_by_slug)
def archive_category(category: Category) -> ResponseReturnValue:
    """Close it for new topics, unless somebody still waits there."""
    try:
        service.archive_category(current_actor(), category)
    except service.StillAwaitedError as error:
        flash(_still_awaited(error.count), "risk")
        return see_other("topics.desk", category=category.slug)
    flash(_("Archived. What was asked there stays readable: %(name)s", name=category.name), "kept")
    return see_other("topics.manage_categories")


@door.post("/manage/categories/<slug>/reopen", may=MAY, on=queries.category_by_slug)
def reopen_category(category: Category) -> ResponseReturnValue:
    """Open it for new topics again."""
    service.reopen_category(current_actor(), category)
    return see_other("topics.manage_categories", _anchor=category.slug)


def _page(form: CategoryForm, category: Category | None = None) -> ResponseReturnValue:
    here = url_for("topics.manage_categories")
    page = render_template("topics/manage_category.html", form=form, category=category, back=here)
    return page, 422 if form.errors else 200


def _still_awaited(count: int) -> str:
    return ngettext(
        "%(num)d topic still waits for an answer there. Answer it or move it, then archive.",
        "%(num)d topics still wait for an answer there. Answer or move them, then archive.",
        count,
    )
