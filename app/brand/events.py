"""What happens to the brand."""

from dataclasses import dataclass

from app.core.events import Event


@dataclass(frozen=True)
class BrandChanged(Event):
    """The administrator changed the bank's face; `fields` names what."""

    fields: list[str]
