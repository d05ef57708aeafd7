"""Who manages the sites that carry the widget, and who meets it there."""

from __future__ import annotations

from app.core.policy import anyone, is_administrator, is_staff, permission

# The frame itself: whoever reads the bank's page. What it may show or do there is asked of the
# permissions of the slices below, in the name of whom the site has identified, or of a guest.
permission("widget.use", [anyone])
# The loader, its hashes and the self-test are public, as the bank's page is.
permission("widget.load", [anyone])
permission("widget.manage", [is_administrator])
permission("widget.see_figures", [is_staff])
permission("widget.see_enquiry", [is_staff])
