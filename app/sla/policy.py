"""Who keeps the rules of the promise."""

from app.core.policy import is_manager, permission

# Calendars and promise rules.
permission("sla.manage", [is_manager])
# The board, what was broken and why, who held the work.
permission("sla.board", [is_manager])
