"""Who may search: anybody. What they find is decided by the permissions of topics.

Gaps in our answers are read by everybody who works here, for those who answer close them; what is
no gap is the managers' to say.
"""

from app.core.policy import anyone, is_manager, is_staff, permission

permission("search.find", [anyone])
permission("search.learn", [anyone])
permission("search.see_gaps", [is_staff])
permission("search.write_article", [is_staff])
permission("search.settle_gaps", [is_manager])
permission("search.keep_synonyms", [is_manager])
