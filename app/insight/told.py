"""How the record reads: every kind of fact in the reader's words.

By name, for some of them are facts of slices that may come and go. What is missing here fails a
test, so nobody records what staff could not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core.i18n import _l

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the machine does by itself, again and again; an act of nobody on nobody's behalf.
ROUTINE = frozenset({"RemindersDue", "LetterWritten", "NamingGoesOn", "LookingGoesOn"})

WORDS: dict[str, Any] = {
    # Signing in
    "SignedIn": _l("Signed in"),
    "SignInFailed": _l("A sign-in failed"),
    "ProvedAgain": _l("Proved again who they are"),
    "SessionsEnded": _l("Sessions ended"),
    "PasskeyAdded": _l("Passkey added"),
    "PasskeyRemoved": _l("Passkey removed"),
    "CodeAppAdded": _l("Code app added"),
    "CodeAppRemoved": _l("Code app removed"),
    "RecoveryCodesMade": _l("New recovery codes"),
    "RecoveryCodeUsed": _l("Recovery code used"),
    "CodesGuessed": _l("Too many wrong codes"),
    "SecondFactorsReset": _l("Second factors taken away"),
    "IdentityLinked": _l("Outside sign-in linked"),
    "IdentityUnlinked": _l("Outside sign-in unlinked"),
    "TicketIssued": _l("A link was mailed"),
    "AddressConfirmed": _l("Address confirmed"),
    "AddressChanged": _l("Address changed"),
    "PasswordChanged": _l("Password changed"),
    # People
    "PersonChanged": _l("Profile changed"),
    "RoleGiven": _l("Role given"),
    "PersonShutOut": _l("Account disabled"),
    "PersonLetIn": _l("Account enabled again"),
    "AbsenceChanged": _l("Absence changed"),
    "RenameAsked": _l("Asked to choose another name"),
    "PersonRestrained": _l("Kept from writing or signing in"),
    "PersonReleased": _l("May write or sign in again"),
    "PersonVouchedFor": _l("Vouched for"),
    "ConsentGiven": _l("Agreed to a text"),
    "LegalTextPublished": _l("Legal text published"),
    "ExportAsked": _l("Asked for a copy of personal data"),
    "ExportMade": _l("Copy of personal data made"),
    "ExportTaken": _l("Copy of personal data fetched"),
    "ErasureAsked": _l("Asked to be erased"),
    "ErasureCancelled": _l("Thought better of being erased"),
    "PersonErased": _l("Personal data erased"),
    "AuthorErased": _l("Author's personal data erased"),
    "HoldPlaced": _l("Personal data held from deletion"),
    "HoldLifted": _l("Personal data no longer held"),
    "PeriodsChosen": _l("Retention periods changed"),
    # Topics and answers
    "TopicOpened": _l("Published a topic"),
    "TopicEdited": _l("Edited a topic"),
    "AnswerPublished": _l("Published an answer"),
    "AnswerRetracted": _l("Took an answer back"),
    "CommentPublished": _l("Commented"),
    "ClarificationAsked": _l("Asked back"),
    "NewsPromised": _l("Promised news"),
    "NoReplyNeeded": _l("Said that no answer is needed"),
    "NoReplyDisputed": _l("Said that an answer is needed"),
    "TopicTaken": _l("Took it on"),
    "PostEdited": _l("Edited a post"),
    "TopicSolved": _l("Called it solved"),
    "TopicReopened": _l("Called it not solved"),
    "VoteCast": _l("Voted"),
    "VoteWithdrawn": _l("Took a vote back"),
    "IdeaStateChanged": _l("Decided on an idea"),
    "TopicBroughtIn": _l("Topic imported"),
    "RepliesBroughtIn": _l("Replies imported"),
    # Moderation
    "TopicMoved": _l("Moved"),
    "TopicHidden": _l("Hidden"),
    "TopicRestored": _l("Restored"),
    "TopicClosed": _l("Closed"),
    "TopicUnlocked": _l("Opened for replies"),
    "TopicPinned": _l("Pinned"),
    "TopicUnpinned": _l("Unpinned"),
    "PostHidden": _l("Post hidden"),
    "PostRestored": _l("Post restored"),
    "CommentSplit": _l("A comment became a topic"),
    "TopicMerged": _l("Merged into another topic"),
    "TopicUnmerged": _l("Merge undone"),
    "TopicJoined": _l("Another topic was merged into it"),
    "TopicParted": _l("Another topic was taken out of it"),
    "TopicSplit": _l("Split"),
    "TopicMarkedSpam": _l("Marked as spam"),
    "TopicUnmarkedSpam": _l("No longer spam"),
    "TopicWithdrawn": _l("Withdrawn by the asker"),
    "TopicReinstated": _l("Asked again after all"),
    "TextHeld": _l("Held until it is read"),
    "TextSentAgain": _l("Sent again"),
    "TextWithdrawn": _l("Text withdrawn"),
    "TextApproved": _l("Text approved"),
    "TextReturned": _l("Text returned to its author"),
    "TextsWaitLong": _l("Texts wait long to be read"),
    "AppealMade": _l("Appeal made"),
    "AppealDecided": _l("Appeal decided"),
    "ThingReported": _l("Reported by a reader"),
    "ReportsDecided": _l("Reports decided"),
    "HidingConfirmed": _l("Hiding confirmed"),
    "WatchedWordsChanged": _l("Watched words changed"),
    "QuestionsChanged": _l("Questions of the challenge changed"),
    # Promises
    "PromiseMade": _l("Promise made"),
    "PromiseKept": _l("Promise kept"),
    "PromiseBroken": _l("Promise broken"),
    "BreachExplained": _l("Explained a broken promise"),
    "HourMoved": _l("Promised hour moved"),
    "CalendarVersionMade": _l("Calendar changed"),
    "PolicyVersionMade": _l("Promise rules changed"),
    "PolicyVersionDecided": _l("Weaker promise rules decided"),
    "RemindersDue": _l("Reminder sent"),
    "NamingGoesOn": _l("New people named for a category"),
    "LookingGoesOn": _l("Promises counted again"),
    # The house
    "BankDataHidden": _l("Bank data hidden before it was stored"),
    "SynonymsChanged": _l("Words that mean the same changed"),
    "DeliveriesRevived": _l("Work that was given up is tried again"),
    "CategoryChanged": _l("Category changed"),
    "BrandChanged": _l("Brand changed"),
    "LetterWritten": _l("Letter written"),
    "RecordExported": _l("Record exported"),
    "RecordFoundBroken": _l("Record found broken"),
    "RecordRestored": _l("Database put back from a backup"),
    # The widget
    "WidgetSiteChanged": _l("Site with the widget changed"),
    "WidgetKeyAdded": _l("Signing key of a site added"),
    "WidgetKeyRetired": _l("Signing key of a site retired"),
    "AskedFromSite": _l("Asked from the bank's site"),
}

# What a field of a fact adds, where it is a word out of a list that everybody understands.
DETAILS: dict[str, Any] = {
    "customer": _l("customer"),
    "executive": _l("executive"),
    "manager": _l("community manager"),
    "administrator": _l("administrator"),
    "password": _l("by password"),
    "passkey": _l("by passkey"),
    "code": _l("by code"),
    "link": _l("by a mailed link"),
    "outside": _l("through the bank's own sign-in"),
    "app": _l("with a code from the app"),
    "recovery": _l("with a recovery code"),
    "silence": _l("may not write"),
    "suspend": _l("may not sign in"),
    "approved": _l("approved"),
    "declined": _l("turned down"),
    "waiting": _l("waits for a second person"),
    "alone": _l("nobody else could be asked"),
    "agreed": _l("the readers were right"),
    "disagreed": _l("the readers were not right"),
    "ignored": _l("ignored"),
    "lost": _l("lost"),
    "stolen": _l("stolen"),
    "broken": _l("broken device"),
    "replaced": _l("replaced"),
    "registered": _l("registered"),
    "disabled": _l("switched off"),
    "enabled": _l("switched on again"),
}
_TELLING = ("role", "kind", "method", "second", "verdict", "approval", "reason", "change")


def details(payload: Mapping[str, Any]) -> list[Any]:
    """The words of a fact that say more than its name."""
    values = (payload.get(name) for name in _TELLING)
    return [DETAILS[value] for value in values if isinstance(value, str) and value in DETAILS]
