"""Who sets the bank's face."""

from app.core.policy import anyone, is_administrator, permission

permission("brand.edit", [is_administrator])
permission("brand.see", [anyone])
# The page that says where a link out leads.
permission("brand.leave", [anyone])
