"""Acts of moderation as forms: every one asks why."""

from app.moderation.forms.acts import ActForm, MergeForm, MoveForm, PassOnForm, WithdrawForm
from app.moderation.forms.people import LiftForm, RestrainForm
from app.moderation.forms.reading import (
    AppealForm,
    ChangeForm,
    DecideForm,
    ReturnForm,
    TextForm,
)
from app.moderation.forms.splitting import SplitForm

__all__ = [
    "ActForm",
    "AppealForm",
    "ChangeForm",
    "DecideForm",
    "LiftForm",
    "MergeForm",
    "MoveForm",
    "PassOnForm",
    "RestrainForm",
    "ReturnForm",
    "SplitForm",
    "TextForm",
    "WithdrawForm",
]
