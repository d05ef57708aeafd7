"""Every event that the engine knows has words on the page that explains a deadline."""

from app.sla.engine.promises import KNOWN
from app.sla.views.explain import EVENTS


def test_nothing_happens_without_a_word() -> None:
    assert set(EVENTS) == set(KNOWN)
