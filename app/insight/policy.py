"""Who may look at figures and health."""

from app.core.policy import anyone, is_administrator, permission

permission("insight.probe", [anyone])
permission("insight.measure", [is_administrator])
permission("insight.read", [anyone])
