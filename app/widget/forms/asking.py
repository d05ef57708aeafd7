"""What somebody asks from a page of the bank's site, and what their address' link still asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wtforms import BooleanField, EmailField, StringField
from wtforms.validators import InputRequired, Length

from app.accounts.fields import IsOwnName
from app.core.forms import REQUIRED, Form, IsAddress, between, fold, strip
from app.core.i18n import _l
from app.topics.writing import Ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wtforms import Field

    from app.topics.models import Category


class _Joining(Form):
    """A name as everybody shall see it, and agreement, each where it is still missing."""

    name = StringField(
        _l("Your name"),
        filters=[fold],
        validators=[InputRequired(REQUIRED), between(2, 60)],
        description=_l("Shown beside what you write. A first name is enough."),
    )
    agreed = BooleanField(
        _l("I have read this and agree"),
        validators=[InputRequired(_l("Without your agreement we may not keep your data."))],
    )

    def _leave(self, bank: str, *, asks_name: bool, asks_to_agree: bool) -> None:
        self._bank = bank
        if not asks_name:
            del self.name
        if not asks_to_agree:
            del self.agreed

    def validate_name(self, field: Field) -> None:
        """WTForms calls this after the field's own validators."""
        IsOwnName(self._bank)(self, field)

    @property
    def said_name(self) -> str:
        """The name, where one was asked for."""
        return (self.name.data or "") if "name" in self else ""


class AskHere(Ask, _Joining):
    """A new topic, and who asks it: a customer the site knows, or whoever has an address."""

    email = EmailField(
        _l("Your e-mail"),
        filters=[strip],
        validators=[InputRequired(REQUIRED), Length(max=254, message=_l("Too long.")), IsAddress()],
        description=_l(
            "Shown to nobody. A letter with a link publishes it; the answer comes there."
        ),
    )
    leave_out = BooleanField(_l("Leave it out"))

    def __init__(
        self,
        categories: Sequence[Category],
        bank: str,
        *,
        asks: frozenset[str] = frozenset(),
        **kwargs: Any,
    ) -> None:
        """`asks`: which of "email", "name" and "agreed" are still to be asked for."""
        super().__init__(categories, **kwargs)
        del self.picture
        del self.seen_similar
        if "email" not in asks:
            del self.email
        self._leave(bank, asks_name="name" in asks, asks_to_agree="agreed" in asks)

    @property
    def fields(self) -> dict[str, str]:
        """As a draft keeps them."""
        return {
            "kind": self.kind.data or "",
            "title": self.title.data or "",
            "body": self.body.data or "",
            "category_id": str(self.category_id.data or ""),
        }


class Publish(_Joining):
    """The last step of whoever proved their address."""

    def __init__(self, bank: str, *, asks_name: bool, asks_to_agree: bool) -> None:
        super().__init__()
        self._leave(bank, asks_name=asks_name, asks_to_agree=asks_to_agree)
