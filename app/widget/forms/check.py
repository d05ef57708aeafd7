"""What the self-test is given: headers somebody pasted, or the address of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wtforms import StringField, TextAreaField, ValidationError
from wtforms.validators import InputRequired, Length

from app.core.forms import REQUIRED, Form, strip
from app.core.i18n import _, _l
from app.widget import inspection
from app.widget.service.checking import origin_of

if TYPE_CHECKING:
    from wtforms import Field

AT_MOST = _l("At most %(max)d characters, please.")


class HeadersForm(Form):
    """The headers of a page's answer, or its policy alone."""

    headers = TextAreaField(
        _l("Headers of your page"),
        filters=[strip],
        validators=[InputRequired(REQUIRED), Length(max=20_000, message=AT_MOST)],
        description=_l(
            "What curl -I prints, or the policy alone, or the page's meta tag with it. They are"
            " looked at and not kept."
        ),
    )

    def validate_headers(self, field: Field) -> None:
        """Something in it says what a page may load."""
        if not inspection.headers_in(field.data or ""):
            raise ValidationError(_("These are neither headers nor a policy. Paste them whole."))


class PageForm(Form):
    """A page that our server fetches."""

    page = StringField(
        _l("Address of a page"),
        filters=[strip],
        validators=[InputRequired(REQUIRED), Length(max=2_000, message=AT_MOST)],
        description=_l("On one of the registered sites. Our server fetches it as a guest would."),
    )

    def validate_page(self, field: Field) -> None:
        """A whole address."""
        if not origin_of(field.data or ""):
            raise ValidationError(_("Write the whole address, like https://www.bank.example/cards"))
