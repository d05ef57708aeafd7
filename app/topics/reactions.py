"""What topics do when something happens to accounts."""

from app.accounts.events import AddressConfirmed, PersonShutOut, RoleGiven, SignedIn
from app.accounts.service import StillNeededError
from app.core import jobs, transactions
from app.core.events import now
from app.topics import drafting, queries


@now(SignedIn, AddressConfirmed)
def give_them_their_drafts(event: SignedIn | AddressConfirmed) -> None:
    """What a guest wrote before signing in is theirs now."""
    drafting.adopt(event.person_id, event.guest)


@now(RoleGiven)
def keep_who_answers_at_the_bank(event: RoleGiven) -> None:
    """Nobody becomes a customer while a category names them."""
    named = queries.categories_with(event.person_id) if event.role == "customer" else []
    if named:
        raise StillNeededError([c.name for c in named])


@now(PersonShutOut)
def leave_no_category_alone(event: PersonShutOut) -> None:
    """An owner may go where a deputy takes over at once; the last one may not."""
    alone = [c for c in queries.categories_with(event.person_id) if not c.is_attended]
    if alone:
        raise StillNeededError([c.name for c in alone])


@jobs.every(3600, "topics.forget_drafts")
def forget_abandoned_drafts() -> None:
    """A guest who never came back leaves nothing here for good."""
    if drafting.forget_abandoned():
        transactions.commit()
