"""Sites that carry the widget: the administrator registers them and gives them keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template, request, url_for

from app.core import policy
from app.core.i18n import _
from app.core.panels import panel
from app.core.web import current_actor, see_other
from app.topics import queries as topics
from app.widget import queries
from app.widget.forms.sites import KeyForm, SiteForm
from app.widget.service import keys, sites
from app.widget.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.widget.models import SigningKey, Site

MAY = "widget.manage"


@panel("manage:house", order=42)
def in_the_menu() -> str:
    """The way here: to the sites for those who manage them, to the figures for the others."""
    if policy.can(current_actor(), MAY):
        return render_template("widget/_menu.html", way=url_for("widget.sites"))
    if policy.can(current_actor(), "widget.see_figures"):
        return render_template("widget/_menu.html", way=url_for("widget.figures"))
    return ""


@door.get("/manage/sites", may=MAY, endpoint="sites")
def all_sites() -> ResponseReturnValue:
    """Every site that is registered."""
    return render_template("widget/sites.html", sites=queries.sites())


@door.form("/manage/sites/new", may=MAY, fresh="post")
def new_site() -> ResponseReturnValue:
    """Register a site; then build what goes into its pages."""
    form = SiteForm(topics.categories())
    if form.is_sent_well():
        site = sites.register(current_actor(), form.said())
        flash(_("The site is registered. This line goes into its pages."), "kept")
        return see_other("widget.snippet", site_id=site.id)
    page = render_template("widget/new_site.html", form=form)
    return page, 422 if request.method == "POST" else 200


@door.form("/manage/sites/<int:site_id>", may=MAY, on=queries.site, fresh="post")
def site(site: Site) -> ResponseReturnValue:
    """Everything about one: change it, shut it, open it again."""
    if request.method == "POST" and (do := request.form.get("do")) in {"disable", "enable"}:
        (sites.disable if do == "disable" else sites.enable)(current_actor(), site)
        flash(_DONE[do](), "kept")
        return see_other("widget.site", site_id=site.id)
    form = SiteForm(topics.categories(), site)
    if form.is_sent_well():
        sites.change(current_actor(), site, form.said())
        flash(_("Saved."), "kept")
        return see_other("widget.site", site_id=site.id)
    return _page(site, form), 422 if request.method == "POST" else 200


@door.post("/manage/sites/<int:site_id>/keys", may=MAY, on=queries.site, fresh=True)
def add_key(site: Site) -> ResponseReturnValue:
    """A secret made here and shown once, or a public key the bank has made."""
    actor, secret, form = current_actor(), "", KeyForm()
    try:
        if request.form.get("algorithm") == "HS256":
            key, secret = keys.add_secret(actor, site)
        elif form.is_sent_well():
            key = keys.add_public(actor, site, form.public_key.data or "")
        else:
            return _page(site, SiteForm(topics.categories(), site, fresh=True), form), 422
    except keys.TooManyKeysError:
        flash(_("Two keys are live already. Retire one of them first."), "risk")
        return see_other("widget.site", site_id=site.id, _anchor="site-keys")
    if secret:
        # Not redirected to: it is nowhere to be read again.
        return render_template("widget/secret.html", site=site, key=key, secret=secret)
    flash(_("Tokens signed with this key are taken from now on: %(name)s", name=key.name), "kept")
    return see_other("widget.site", site_id=site.id, _anchor="site-keys")


@door.post(
    "/manage/sites/<int:site_id>/keys/<int:key_id>/retire",
    may=MAY,
    on=queries.key_of_site,
    fresh=True,
)
def retire_key(key: SigningKey) -> ResponseReturnValue:
    """Take no more tokens that are signed with it."""
    keys.retire(current_actor(), key)
    flash(_("Tokens signed with this key are taken no more: %(name)s", name=key.name), "kept")
    return see_other("widget.site", site_id=key.site_id, _anchor="site-keys")


_DONE = {
    "disable": lambda: _("Switched off: no page shows the widget of this site."),
    "enable": lambda: _("Switched on again."),
}


def _page(site: Site, form: SiteForm, key_form: KeyForm | None = None) -> str:
    return render_template(
        "widget/site.html",
        site=site,
        form=form,
        keys=queries.keys_of(site),
        key_form=key_form or KeyForm(fresh=True),
        most_keys=keys.LIVE,
    )
