"""Who may look at figures and health."""

from app.core.policy import anyone, permission

permission("insight.probe", [anyone])
permission("insight.read", [anyone])
