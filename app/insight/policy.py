"""Who may look at figures and health."""

from app.core.policy import anyone, is_administrator, is_staff, permission

permission("insight.probe", [anyone])
permission("insight.measure", [is_administrator])
permission("insight.read", [anyone])
# Every act of staff, for all of them to see; what was moderated, for everybody.
permission("insight.read_record", [is_staff])
permission("insight.read_moderated", [anyone])
# Of readers nothing is known but how many.
permission("insight.read_visits", [is_staff])
