"""What the figures hold: counts."""

from app.core.personal import NOBODY, holds

holds("insight", {"figures.counted": NOBODY})
