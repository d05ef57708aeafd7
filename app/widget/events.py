"""What happens to the sites that carry the widget, and through it."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class WidgetSiteChanged(Event):
    """Staff registered a site, changed it, shut it or opened it again.

    `change`: "registered", "changed", "disabled" or "enabled".
    """

    site_id: int
    change: str


@dataclass(frozen=True)
class WidgetKeyAdded(Event):
    """From now on tokens signed with it are taken."""

    site_id: int
    key_id: int


@dataclass(frozen=True)
class WidgetKeyRetired(Event):
    """Tokens signed with it are taken no more."""

    site_id: int
    key_id: int


@dataclass(frozen=True)
class AskedFromSite(Event):
    """A topic came through the widget; the enquiry says from which page."""

    topic_id: int
    enquiry_id: int
