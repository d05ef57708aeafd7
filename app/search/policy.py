"""Who may search: anybody. What they find is decided by the permissions of topics."""

from app.core.policy import anyone, is_manager, permission

permission("search.find", [anyone])
permission("search.keep_synonyms", [is_manager])
