"""Acts with their reasons, texts that wait to be read, appeals, people kept from writing."""

from app.moderation.models.acts import Act
from app.moderation.models.people import Restraint, Trust
from app.moderation.models.submissions import Appeal, Submission

__all__ = ["Act", "Appeal", "Restraint", "Submission", "Trust"]
