"""Acts and their reasons, texts that wait, appeals, people kept from writing, reports, words."""

from app.moderation.models.acts import Act
from app.moderation.models.people import Restraint, Trust
from app.moderation.models.reports import Report
from app.moderation.models.submissions import Appeal, Submission
from app.moderation.models.words import Trace, WatchedWord

__all__ = ["Act", "Appeal", "Report", "Restraint", "Submission", "Trace", "Trust", "WatchedWord"]
