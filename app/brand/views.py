"""The bank's face: the page where it is set, and the stylesheet it becomes."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import abort, flash, make_response, render_template, request, url_for
from markupsafe import Markup

from app.brand import colours, service
from app.brand.forms import BrandForm
from app.brand.models import Brand
from app.brand.queries import brand as the_brand
from app.core import leaving, markup, policy
from app.core.headers import FOREVER
from app.core.i18n import LOCALES, _
from app.core.panels import panel
from app.core.web import Door, current_actor, inside, see_other
from app.media import images
from app.media import queries as pictures
from app.media import service as media
from app.media.images import PictureError

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.media.models import Image

door = Door("brand", __name__)

# A logo stands 32 pixels high; three times that for sharp screens, and room for a wide one.
LOGO_SIDE = 480
# The ring in the samples has run a third of its way.
A_WHILE = timedelta(hours=8)


@panel("manage:house", order=40)
def in_the_menu() -> str:
    """The way here, for those who may."""
    if not policy.can(current_actor(), "brand.edit"):
        return ""
    return render_template("brand/_menu.html")


@door.form("/manage/brand", may="brand.edit")
def edit() -> ResponseReturnValue:
    """The administrator sets the face; "Preview" shows this page in it without keeping it."""
    present = the_brand()
    form = BrandForm(present)
    if not form.is_sent_well():
        return _page(form, 422 if form.errors else 200)
    try:
        logo = _logo(form, present)
    except PictureError as error:
        form.logo.errors = [media.words_for(error)]
        return _page(form, 422)
    face = form.face(logo)
    palette = colours.palette(face.colour)
    if request.form.get("do") == "preview":
        form.logo_key.data = logo.key if logo is not None and logo is not present.logo else ""
        return _page(form, 200, face)
    service.change(current_actor().id, face)
    if palette.is_corrected:
        flash(_corrected(palette), "warning")
    flash(_("Saved. This is how everybody sees it now."), "success")
    return see_other("brand.edit")


@door.get("/manage/brand/colour", may="brand.edit")
def contrast() -> ResponseReturnValue:
    """What a colour would become: a piece of the page, while one chooses."""
    colour = service.shown_colour(request.args.get("colour", ""))
    if colour is None:
        return "", 204
    palette = colours.palette(colour)
    return render_template("brand/_contrast.html", palette=palette, note=_note(palette))


@door.get("/brand.css", may="brand.see", keeps=("v",))
def stylesheet() -> ResponseReturnValue:
    """The four properties a brand sets; `colour` shows another brand's, for the preview."""
    asked = request.args.get("colour")
    colour = service.shown_colour(asked) if asked is not None else the_brand().colour
    if colour is None:
        return "", 404
    css = colours.palette(colour).css
    response = make_response(css)
    response.content_type = "text/css; charset=utf-8"
    response.set_etag(_version(colour))
    is_dated = request.args.get("v") == _version(colour) or asked is not None
    response.headers["Cache-Control"] = FOREVER if is_dated else "public, max-age=300"
    return response.make_conditional(request)


@door.get("/leave", may="brand.leave")
def leave() -> ResponseReturnValue:
    """Where a link in somebody's words leads, before it does. Only links of ours are known here."""
    place = leaving.place(request.args.get("to", ""), request.args.get("by", ""))
    if place is None:
        abort(404)
    here = urlsplit(request.referrer or "")
    back = inside(here.path) if here.netloc == request.host else None
    return render_template("brand/leave.html", place=place, back=back or "/")


def css_url(brand: Brand) -> str:
    """The address of the brand's stylesheet: it changes with what is in it, so it may be kept."""
    return url_for("brand.stylesheet", v=_version(brand.colour))


def _version(colour: str) -> str:
    return hashlib.sha256(f"{colours.made_by()} {colour}".encode()).hexdigest()[:10]


def _page(
    form: BrandForm, status: int, tried_on: service.Face | None = None
) -> ResponseReturnValue:
    colour = service.shown_colour(form.colour.data or "") or the_brand().colour
    palette = colours.palette(colour)
    shown: dict[str, object] = {}
    if tried_on is not None:
        tried = Brand()
        service.put_on(tried, tried_on)
        url = url_for("brand.stylesheet", colour=palette.colour)
        shown = {"brand": tried, "brand_css_url": url, "tried_on": _welcomes(tried)}
    page = render_template(
        "brand/edit.html",
        form=form,
        languages=LOCALES,
        palette=palette,
        note=_note(palette),
        kept=the_brand(),
        span=A_WHILE,
        **shown,
    )
    return page, status


def _welcomes(brand: Brand) -> dict[str, Markup]:
    """The welcomes as they would be read, by language."""
    return {code: Markup(markup.render(text)) for code, text in brand.welcome.items()}  # noqa: S704


def _logo(form: BrandForm, present: Brand) -> Image | None:
    """The logo that was chosen now, or for the preview before, or the one that stands."""
    upload = form.logo.data
    if upload and getattr(upload, "filename", ""):
        picture = images.process(upload.read(), max_side=LOGO_SIDE)
        return media.store(picture, owner_id=current_actor().id)
    if form.remove_logo.data:
        return None
    if form.logo_key.data:
        tried = pictures.image(form.logo_key.data)
        if tried is not None and tried.owner_id == current_actor().id:
            return tried
    return present.logo


def _note(palette: colours.Palette) -> str:
    return _corrected(palette) if palette.is_corrected else ""


def _corrected(palette: colours.Palette) -> str:
    return _(
        "%(asked)s is too light here: words on it could not be read or buttons not be seen. "
        "Pages use %(colour)s, the nearest darker shade that can.",
        asked=palette.asked,
        colour=palette.colour,
    )
