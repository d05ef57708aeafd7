"""Who may search: anybody. What they find is decided by the permissions of topics."""

from app.core.policy import anyone, permission

permission("search.find", [anyone])
