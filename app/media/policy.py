"""Who may upload and see pictures."""

from app.core.policy import anyone, permission

# A guest too: they write before they identify. How many is limited by `service.take`.
permission("media.upload", [anyone])
permission("media.see", [anyone])
