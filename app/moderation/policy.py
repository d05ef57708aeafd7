"""Who moderates. Nobody hides their own category's questions alone but the community manager."""

from app.core.policy import is_manager, permission

permission("moderation.act", [is_manager])
permission("moderation.board", [is_manager])
