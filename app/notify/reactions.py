"""Who is told when something happens: letters are written here as rows, and posted one by one."""

from app.accounts import queries as accounts
from app.accounts.events import AddressChanged, PasswordChanged, TicketIssued
from app.core import mail, transactions
from app.core.events import later, now
from app.ideas.events import IdeaStateChanged
from app.moderation.events import (
    PostHidden,
    TopicClosed,
    TopicHidden,
    TopicMoved,
    TopicRestored,
    TopicUnlocked,
)
from app.notify import letters, policy, queries, service
from app.notify.events import LetterWritten
from app.sla.events import PromiseBroken
from app.sla.queries import people
from app.topics import queries as topics
from app.topics.events import (
    AnswerPublished,
    CommentPublished,
    TopicOpened,
    TopicReopened,
    TopicSolved,
)


@now(TopicOpened)
def let_the_asker_follow(event: TopicOpened) -> None:
    """Who asks wants to know."""
    service.follow_unless_declined(topics.topic(event.topic_id).asker_id, event.topic_id)


@now(CommentPublished)
def let_the_commenter_follow(event: CommentPublished) -> None:
    """Who takes part wants to know, unless they said no."""
    service.follow_unless_declined(topics.post(event.post_id).author_id, event.topic_id)


@later(TopicOpened)
def write_the_receipt(event: TopicOpened) -> None:
    """The asker holds the promise in their hands; the executive learns of it."""
    topic = topics.topic(event.topic_id)
    service.write("receipt", [topic.asker], topic=topic)
    service.write("question", [people.acting(topic.category).person], topic=topic)


@later(AnswerPublished)
def tell_of_the_answer(event: AnswerPublished) -> None:
    """The asker and everybody who follows read the answer itself."""
    topic = topics.topic(event.topic_id)
    people = [topic.asker, *queries.followers(topic)]
    service.write("answer", people, topic=topic, post_id=event.post_id)


@later(CommentPublished)
def tell_of_the_comment(event: CommentPublished) -> None:
    """The asker, and those followers who asked for comments."""
    topic = topics.topic(event.topic_id)
    curious = filter(policy.asked_for_comments, queries.followers(topic))
    service.write("comment", [topic.asker, *curious], topic=topic, post_id=event.post_id)


@later(IdeaStateChanged)
def tell_of_the_decision(event: IdeaStateChanged) -> None:
    """The author, the followers and every voter, once each."""
    topic = topics.topic(event.topic_id)
    service.write("idea", queries.interested(topic), topic=topic)


@later(TopicSolved)
def thank_the_executive(event: TopicSolved) -> None:
    """Whose answer it was reads that it helped; whoever follows, that it is solved."""
    topic, answer = topics.topic(event.topic_id), topics.post(event.post_id)
    service.write("solved", [answer.author], topic=topic, post_id=answer.id)
    service.write("followed_solved", queries.followers(topic), topic=topic)


@later(TopicReopened)
def put_it_back_on_the_desk(event: TopicReopened) -> None:
    """Who answers reads that it did not help, and by when to answer again; followers, too."""
    topic = topics.topic(event.topic_id)
    service.write("reopened", [people.acting(topic.category).person], topic=topic)
    service.write("followed_reopened", queries.followers(topic), topic=topic)


@later(PromiseBroken)
def tell_of_the_broken_promise(event: PromiseBroken) -> None:
    """The owner, the deputy and the community managers."""
    topic = topics.topic(event.topic_id)
    category = topic.category
    people = [p for p in (category.owner, category.deputy) if p is not None]
    service.write("overdue", [*people, *accounts.managers()], topic=topic)


@later(TopicMoved, TopicHidden, TopicRestored, TopicClosed, TopicUnlocked)
def tell_what_was_done_to_it(
    event: TopicMoved | TopicHidden | TopicRestored | TopicClosed | TopicUnlocked,
) -> None:
    """The asker reads what was done and why."""
    topic = topics.topic(event.topic_id)
    service.write("moderated", [topic.asker], topic=topic)


@later(TopicMoved)
def hand_it_over(event: TopicMoved) -> None:
    """Who answers now learns of it as of a new question."""
    topic = topics.topic(event.topic_id)
    service.write("handed_over", [people.acting(topic.category).person], topic=topic)


@later(PostHidden)
def tell_the_author_of_the_post(event: PostHidden) -> None:
    """Whose words were hidden reads why."""
    topic, post = topics.topic(event.topic_id), topics.post(event.post_id)
    service.write("post_hidden", [post.author], topic=topic, post_id=post.id)


@later(TicketIssued)
def mail_the_ticket(event: TicketIssued) -> None:
    """The link goes to the address it proves."""
    ticket = accounts.ticket(event.ticket_id)
    if ticket is not None:
        service.write_for_ticket(ticket.purpose, ticket)


@later(AddressChanged)
def tell_the_old_address(event: AddressChanged) -> None:
    """If it was not them, this is how they learn of it."""
    ticket = accounts.ticket(event.ticket_id)
    if ticket is not None:
        service.write_for_ticket("address_changed", ticket)


@later(PasswordChanged)
def tell_of_the_new_password(event: PasswordChanged) -> None:
    """If it was not them, this is how they learn of it."""
    person = accounts.person(event.person_id)
    if person is not None:
        service.write("password_changed", [person])


@later(LetterWritten)
def post_the_letter(event: LetterWritten) -> None:
    """Send one letter and mark it sent.

    Killed between the two, it is sent again under the same Message-ID: in a folder that is the same
    file, exactly once; over SMTP it is at least once, and mail programs fold the two into one.
    """
    letter = queries.letter(event.letter_id)
    if letter is None or letter.posted_at is not None or letter.skipped is not None:
        return
    letter.skipped = service.reason_to_skip(letter)
    if letter.skipped is not None:
        return
    message = letters.compose(letter)
    # The mail server may take its time: nobody's transaction should wait for it.
    transactions.commit()
    mail.send(message)
    service.mark_posted(event.letter_id)
