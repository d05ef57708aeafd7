"""When what is written asks for a challenge, and the page of its questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import flash, render_template

from app.core import challenge, questions
from app.core.events import record
from app.core.i18n import LOCALE_NAMES, _
from app.core.web import current_actor, see_other
from app.moderation import signals
from app.moderation.events import QuestionsChanged
from app.moderation.forms.watching import QuestionsForm
from app.moderation.views import door

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

MAY = "moderation.write_questions"


@challenge.rule("topics.ask", "topics.comment")
def signals_ask_for_it(texts: dict[str, str], typed_in: float | None = None) -> bool:
    """A newcomer whose text shows signs of spam."""
    actor = current_actor()
    return actor.id is not None and signals.asks_challenge(actor, texts, typed_in)


@door.get("/manage/questions", may=MAY)
def challenge_questions() -> ResponseReturnValue:
    """What is asked, in each language."""
    return _page()


@door.post("/manage/questions/<any(ru,uk,en):locale>", may=MAY)
def write_questions(locale: str) -> ResponseReturnValue:
    """Ask these from now on."""
    form = QuestionsForm(locale)
    if not form.validate():
        return _page({locale: form}), 422
    questions.write(locale, form.lines.data or "", current_actor().id)
    record(QuestionsChanged(locale), by=current_actor().id)
    flash(_("The questions are saved."), "kept")
    return see_other("moderation.challenge_questions")


def _page(sent: dict[str, QuestionsForm] | None = None) -> str:
    forms = [
        (locale, (sent or {}).get(locale) or QuestionsForm(locale, fresh=True))
        for locale in questions.FIRST
    ]
    return render_template("moderation/questions.html", forms=forms, names=LOCALE_NAMES)
