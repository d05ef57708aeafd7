"""Who is told when something happens: letters are written here as rows, and posted one by one."""

from app.accounts import queries as accounts
from app.accounts.events import (
    AddressChanged,
    CodeAppAdded,
    CodeAppRemoved,
    CodesGuessed,
    PasskeyAdded,
    PasskeyRemoved,
    PasswordChanged,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    RenameAsked,
    SecondFactorsReset,
    TicketIssued,
)
from app.core import mail, transactions
from app.core.events import fact_at_hand, later, now
from app.core.verifying import RecordFoundBroken
from app.ideas.events import IdeaStateChanged
from app.moderation import queries as moderation
from app.moderation import reported
from app.moderation.events import (
    AppealDecided,
    AppealMade,
    HidingConfirmed,
    PersonReleased,
    PersonRestrained,
    PostHidden,
    ReportsDecided,
    TextApproved,
    TextReturned,
    TextsWaitLong,
    TopicClosed,
    TopicHidden,
    TopicMarkedSpam,
    TopicMerged,
    TopicMoved,
    TopicRestored,
    TopicUnlocked,
    TopicUnmarkedSpam,
    TopicUnmerged,
)
from app.notify import letters, policy, queries, reminders, service
from app.notify.events import LetterWritten
from app.privacy.events import ErasureAsked, ExportMade
from app.sla.events import HourMoved, RemindersDue
from app.sla.queries import people
from app.topics import queries as topics
from app.topics.events import (
    AnswerPublished,
    AnswerRetracted,
    ClarificationAsked,
    CommentPublished,
    NewsPromised,
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


@now(TopicMerged)
def let_them_follow_where_it_is_answered(event: TopicMerged) -> None:
    """Who follows the merged topic, its asker first of all, wants the answer to the other."""
    topic, into = topics.topic(event.topic_id), topics.topic(event.into_id)
    service.follow_along(topic, into, fact_at_hand().at)


@now(TopicUnmerged)
def let_them_follow_no_longer(event: TopicUnmerged) -> None:
    """As if they had never been one; others that are still merged keep what they brought."""
    topic, into = topics.topic(event.topic_id), topics.topic(event.into_id)
    merged = moderation.last_act(topic, "merge")
    if merged is None:
        return
    service.follow_no_longer(topic, into, merged.at)
    for other in moderation.merged_here(into):
        act = moderation.last_act(other, "merge")
        if act is not None:
            service.follow_along(other, into, act.at)


@later(TopicOpened)
def write_the_receipt(event: TopicOpened) -> None:
    """The asker holds the promise in their hands; who answers hears of it by the ladder."""
    topic = topics.topic(event.topic_id)
    service.write("receipt", [topic.asker], topic=topic)


@later(TopicOpened, TopicMoved)
def pass_on_the_thanks(event: TopicOpened | TopicMoved) -> None:
    """Praise is owed no answer, so no clock tells those it is meant for."""
    topic = topics.topic(event.topic_id)
    if not topic.expects_answer:
        service.write("question", [people.acting(topic.category).person], topic=topic)


@later(RemindersDue)
def remind(event: RemindersDue) -> None:
    """One letter tells a person all that fell to them together."""
    person = accounts.person(event.person_id)
    wanted = reminders.wanted(reminders.settle(event), person) if person is not None else []
    if person is None or not wanted:
        return
    if len({each.topic.id for each in wanted}) > 1:
        service.write("digest", [person])
    else:
        service.write(reminders.kind_of(wanted[0]), [person], topic=wanted[0].topic)


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
def tell_that_it_is_open_again(event: TopicReopened) -> None:
    """Whoever follows reads that it did not help; who answers hears of it by the ladder."""
    topic = topics.topic(event.topic_id)
    answers = people.acting(topic.category).person
    followers = [p for p in queries.followers(topic) if p.id != answers.id]
    service.write("followed_reopened", followers, topic=topic)


@later(ClarificationAsked)
def pass_the_question_on(event: ClarificationAsked) -> None:
    """The clock may stand still until the asker replies: they should know."""
    topic = topics.topic(event.topic_id)
    service.write("asked_back", [topic.asker], topic=topic, post_id=event.post_id)


@later(NewsPromised)
def tell_of_the_note(event: NewsPromised) -> None:
    """The asker reads that the bank is at work, and by when there will be news."""
    topic = topics.topic(event.topic_id)
    service.write("news_promised", [topic.asker], topic=topic, post_id=event.post_id)


@later(AnswerRetracted)
def tell_that_it_was_taken_back(event: AnswerRetracted) -> None:
    """Who was written the answer is written that it does not stand, and why."""
    topic = topics.topic(event.topic_id)
    service.write("retracted", [topic.asker, *queries.followers(topic)], topic=topic)


@later(HourMoved)
def tell_that_it_takes_longer(event: HourMoved) -> None:
    """Who was shown an hour reads of the later one; a sooner one needs no letter."""
    if event.later:
        topic = topics.topic(event.topic_id)
        service.write("hour_moved", [topic.asker], topic=topic)


ACTS_TOLD = (
    TopicMoved,
    TopicHidden,
    TopicRestored,
    TopicClosed,
    TopicUnlocked,
    TopicMerged,
    TopicUnmerged,
    TopicMarkedSpam,
    TopicUnmarkedSpam,
)


@later(*ACTS_TOLD)
def tell_what_was_done_to_it(event: TopicMoved) -> None:
    """The asker reads what was done and why."""
    topic = topics.topic(event.topic_id)
    service.write("moderated", [topic.asker], topic=topic)


@later(PostHidden)
def tell_the_author_of_the_post(event: PostHidden) -> None:
    """Whose words were hidden reads why."""
    topic, post = topics.topic(event.topic_id), topics.post(event.post_id)
    service.write("post_hidden", [post.author], topic=topic, post_id=post.id)


@later(HidingConfirmed)
def tell_that_it_stays_hidden(event: HidingConfirmed) -> None:
    """Somebody has looked at what reports had hidden: its author reads why, and may appeal."""
    topic = topics.topic(event.topic_id)
    if event.post_id is None:
        service.write("moderated", [topic.asker], topic=topic)
    else:
        post = topics.post(event.post_id)
        service.write("post_hidden", [post.author], topic=topic, post_id=post.id)


@later(ReportsDecided)
def tell_who_reported_it(event: ReportsDecided) -> None:
    """In a word, what came of it; the title alone says what it was about."""
    reporters = reported.reporters(event.report_ids)
    service.write("report_decided", reporters, topic=topics.topic(event.topic_id))


@later(TextReturned)
def give_the_text_back(event: TextReturned) -> None:
    """Whoever wrote it reads why, with the text itself, and may send it again."""
    submission = moderation.text(event.submission_id)
    if submission is not None:
        service.write("text_returned", [submission.author])


@later(TextApproved)
def tell_that_it_is_published(event: TextApproved) -> None:
    """A topic's author gets the receipt; of a reply or a change they hear here."""
    submission, topic = moderation.text(event.submission_id), topics.topic(event.topic_id)
    if submission is not None and submission.act != "topic":
        service.write("text_published", [submission.author], topic=topic)


@later(AppealMade)
def ask_for_another_look(event: AppealMade) -> None:
    """Those who did not decide are asked to."""
    appeal = moderation.appeal_made(event.appeal_id)
    if appeal is not None:
        service.write("appeal_made", moderation.deciders(appeal))


@later(AppealDecided)
def answer_the_appeal(event: AppealDecided) -> None:
    """Whoever appealed reads what somebody else thought."""
    appeal = moderation.appeal_made(event.appeal_id)
    if appeal is not None:
        service.write("appeal_decided", [appeal.person])


@later(PersonRestrained)
def tell_what_they_may_not(event: PersonRestrained) -> None:
    """Why, until when, and how to appeal."""
    restraint = moderation.restraint(event.restraint_id)
    if restraint is not None:
        service.write("restrained", [restraint.person])


@later(PersonReleased)
def tell_what_they_may_again(event: PersonReleased) -> None:
    """It ended before its time."""
    restraint = moderation.restraint(event.restraint_id)
    if restraint is not None:
        service.write("released", [restraint.person])


@later(TextsWaitLong)
def tell_what_waits_to_be_read(event: TextsWaitLong) -> None:
    """The managers, while any of it still waits."""
    texts = [moderation.text(number) for number in event.submission_ids]
    if any(text is not None and text.state == "waiting" for text in texts):
        service.write("texts_wait", accounts.managers() or accounts.administrators())


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


@later(RenameAsked)
def ask_for_another_name(event: RenameAsked) -> None:
    """Nobody loses an account for it, and the page says the same."""
    person = accounts.person(event.person_id)
    if person is not None:
        service.write("rename_asked", [person])


@later(PasswordChanged)
def tell_of_the_new_password(event: PasswordChanged) -> None:
    """If it was not them, this is how they learn of it."""
    person = accounts.person(event.person_id)
    if person is not None:
        service.write("password_changed", [person])


@later(
    PasskeyAdded,
    PasskeyRemoved,
    CodeAppAdded,
    CodeAppRemoved,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    CodesGuessed,
    SecondFactorsReset,
)
def tell_of_the_second_factor(event: PasskeyAdded) -> None:
    """Likewise; the first codes on paper come with the factor, of which they are told already."""
    person = accounts.person(event.person_id)
    if person is not None and not getattr(event, "first", False):
        service.write("second_factor", [person])


@later(ExportMade)
def tell_that_the_export_is_ready(event: ExportMade) -> None:
    """The link opens the file for nobody but them, and only after signing in again."""
    person = accounts.person(event.person_id)
    if person is not None:
        service.write("export_ready", [person])


@later(ErasureAsked)
def tell_until_when_they_can_stay(event: ErasureAsked) -> None:
    """If it was not them, this is how they learn of it in time."""
    person = accounts.person(event.person_id)
    if person is not None and event.basis == "own_request":
        service.write("erasure_asked", [person])


@later(LetterWritten)
def post_the_letter(event: LetterWritten) -> None:
    """Send one letter and mark it sent.

    Killed between the two, it is sent again under the same Message-ID: in a folder that is the same
    file, exactly once; over SMTP it is at least once, and mail programs fold the two into one.
    """
    letter = queries.letter(event.letter_id)
    if letter is None or letter.posted_at is not None or letter.skipped is not None:
        return
    letter.skipped, due = service.look_again(letter)
    if letter.skipped is not None:
        return
    message = letters.compose(letter, due)
    # The mail server may take its time: nobody's transaction should wait for it.
    transactions.commit()
    mail.send(message)
    service.mark_posted(event.letter_id)


@later(RecordFoundBroken)
def tell_of_the_broken_record(_event: RecordFoundBroken) -> None:
    """Somebody changed what nobody may: every administrator hears of it, so none keeps it quiet."""
    service.write("record_broken", accounts.administrators())
