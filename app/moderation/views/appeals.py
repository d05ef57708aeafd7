"""Appeals: somebody else looks at what was decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template

from app.core.i18n import _
from app.core.web import current_actor, see_other
from app.moderation import queries, service
from app.moderation.forms import DecideForm
from app.moderation.views import door
from app.moderation.views.acts import worded
from app.moderation.views.queue import NOWHERE
from app.moderation.views.submissions import handled_words

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.moderation.models import Appeal


@door.get("/manage/appeals", may="moderation.act")
def appeals() -> ResponseReturnValue:
    """What nobody has looked at again, the oldest first."""
    waiting = queries.appeals_waiting()
    actor = current_actor()
    mine = {each.id for each in waiting if queries.may_decide(actor, each)}
    return render_template("moderation/appeals.html", appeals=waiting, mine=mine)


@door.form("/manage/appeals/<int:appeal_id>", may="moderation.act", on=queries.appeal)
def decide(appeal: Appeal) -> ResponseReturnValue:
    """Undo the decision, or let it stand; whoever made it does not."""
    form, actor = DecideForm(), current_actor()
    if form.is_sent_well():
        words = _decided(appeal, form)
        if words is None:
            flash(_("Decided. The answer goes to whoever appealed."), "kept")
            return see_other("moderation.appeals")
        form.form_errors.append(words)
    page = render_template(
        "moderation/appeal.html",
        appeal=appeal,
        form=form,
        act_words=worded(appeal.act, {}) if appeal.act is not None else "",
        reasons=service.RETURNED_FOR,
        may_decide=queries.may_decide(actor, appeal),
        others=queries.deciders(appeal),
    )
    return page, 422 if form.errors else 200


def _decided(appeal: Appeal, form: DecideForm) -> str | None:
    """Decide; what is in the way, in words."""
    grant = form.verdict.data == "granted"
    try:
        service.decide(current_actor(), appeal, form.answer.data or "", grant=grant)
    except service.SecondPersonError as error:
        names = ", ".join(p.name for p in error.others)
        return _("You decided this yourself. One of these looks again: %(names)s", names=names)
    except service.HandledError as handled:
        return handled_words(handled.submission)
    except service.NowhereError as nowhere:
        return str(NOWHERE[nowhere.why])
    except (service.AppealedError, service.AlreadySoError):
        return _("Somebody did this already. Nothing was changed.")
    return None
