"""What topics do when something happens to accounts."""

from app.accounts.events import AddressConfirmed, SignedIn
from app.core.events import now
from app.topics import drafting


@now(SignedIn, AddressConfirmed)
def give_them_their_drafts(event: SignedIn | AddressConfirmed) -> None:
    """What a guest wrote before signing in is theirs now."""
    drafting.adopt(event.person_id, event.guest)
