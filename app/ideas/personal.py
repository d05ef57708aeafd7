"""What ideas hold: decisions of the bank, signed by its people."""

from app.core.personal import BANK, NUMBER, holds

holds(
    "ideas",
    {
        "idea_changes.note": BANK,
        "idea_changes.note_html": BANK,
        "idea_changes.signed_by_id": NUMBER,
        "idea_changes.signed_as": BANK,
    },
)
