"""Who moderates. Nobody hides their own category's questions alone but the community manager."""

from app.core.policy import is_administrator, is_manager, is_staff, permission

permission("moderation.act", [is_manager])
permission("moderation.board", [is_manager])
# That something was hidden, and why: for those who work here, and the asker by letter.
permission("moderation.read_hidden_reasons", [is_staff])
permission("moderation.replay", [is_administrator])
