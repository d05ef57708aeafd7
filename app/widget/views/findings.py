"""What was found in a page of the bank's, in words, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from app.core.i18n import _, _l

if TYPE_CHECKING:
    from app.widget.inspection import Finding

WHAT: Final[dict[str, Any]] = {
    "snippet": _l("The snippet"),
    "key": _l("Its key"),
    "integrity": _l("Its hash"),
    "async": _l("Loading"),
    "script": _l("The script"),
    "frame": _l("The frame"),
    "sandbox": _l("Sandbox"),
    "trusted-types": _l("Trusted Types"),
    "report-only": _l("Report-only policy"),
    "coep": _l("Cross-Origin-Embedder-Policy"),
    "coop": _l("Cross-Origin-Opener-Policy"),
    "permissions": _l("Permissions-Policy"),
    "integrity-policy": _l("Integrity-Policy"),
    "mixed": _l("Mixed content"),
}

HOW: Final[dict[tuple[str, str], Any]] = {
    ("snippet", "there"): _l("Stands in the page: %(detail)s"),
    ("snippet", "many"): _l(
        "Stands in the page more than once. Lines that differ make a widget each, equal ones one."
    ),
    ("snippet", "none"): _l(
        "Is not in the page's source. Either it is not there yet, or a tag manager puts it in,"
        " which only a browser sees."
    ),
    ("snippet", "elsewhere"): _l("Loads from another address than ours: %(detail)s"),
    ("key", "known"): _l("Belongs to this site: %(detail)s"),
    ("key", "disabled"): _l("Belongs to a site that is switched off: %(detail)s"),
    ("key", "other"): _l(
        "Belongs to another site, whose list does not name this address: %(detail)s"
    ),
    ("key", "unknown"): _l("Is none of ours: %(detail)s"),
    ("key", "missing"): _l("Is missing: the line lacks data-site."),
    ("integrity", "newest"): _l("The newest version, without a hash: it changes with ours."),
    ("integrity", "evergreen"): _l(
        "Stands at the address that changes; with our next version browsers would refuse it. Take"
        " the hash out, or pin a version."
    ),
    ("integrity", "unknown"): _l("There is no such version: %(detail)s"),
    ("integrity", "unproved"): _l("Version %(detail)s never changes; a hash could prove it."),
    ("integrity", "wrong"): _l("Is not the hash of version %(detail)s: browsers refuse it."),
    ("integrity", "no-cors"): _l("Is not looked at without crossorigin: browsers refuse it."),
    ("integrity", "right"): _l("Proves version %(detail)s."),
    ("async", "waits"): _l("The page waits for the script. Write async into the line."),
    ("script", "unlimited"): _l("No policy limits scripts."),
    ("script", "listed"): _l("Is let in by %(detail)s"),
    ("script", "hash"): _l("Is let in by its hash in %(detail)s"),
    ("script", "nonce"): _l("Carries the nonce of %(detail)s"),
    ("script", "add-nonce"): _l(
        "Is let in by %(detail)s when the line carries the page's nonce, like your own scripts:"
        ' nonce="…"'
    ),
    ("script", "none"): _l("Is blocked: %(detail)s lets nothing in."),
    ("script", "missing"): _l("Is blocked: %(detail)s does not name us."),
    ("script", "wrong-nonce"): _l(
        "Is blocked: its nonce is not the one in %(detail)s. Give it the page's, or name us:"
    ),
    ("script", "dynamic-nonce"): _l(
        "Is let in only with the page's nonce: under 'strict-dynamic' addresses in %(detail)s count"
        ' for nothing. Give the line nonce="…" like your own scripts.'
    ),
    ("script", "dynamic"): _l(
        "Is blocked: under 'strict-dynamic' addresses in %(detail)s count for nothing. Pin a"
        " version and write its hash into the policy, or give the line a nonce."
    ),
    ("frame", "unlimited"): _l("No policy limits frames."),
    ("frame", "listed"): _l("Is let in by %(detail)s"),
    ("frame", "none"): _l("Is blocked: %(detail)s lets nothing in."),
    ("frame", "missing"): _l("Is blocked: %(detail)s does not name us."),
    ("sandbox", "fine"): _l("Lets scripts run and keeps the page's origin."),
    ("sandbox", "lacks"): _l("Makes the page a stranger to us. It lacks: %(detail)s"),
    ("trusted-types", "fine"): _l("No hindrance: the script writes no HTML."),
    ("report-only", "ignored"): _l("Blocks nothing, so it was not looked at."),
    ("coep", "fine"): _l("%(detail)s: our script and frame say what it asks for."),
    ("coop", "fine"): _l("%(detail)s: concerns windows, not frames."),
    ("permissions", "fine"): _l("No hindrance: the widget asks for no permission."),
    ("integrity-policy", "proved"): _l("Asks for a hash, and the line has one."),
    ("integrity-policy", "asked"): _l(
        "Asks every script for a hash. Pin a version: the line then carries it."
    ),
    ("mixed", "insecure"): _l("A page with https loads nothing from %(detail)s"),
}


def of(finding: Finding) -> str:
    """How it stands, in the reader's words."""
    words = str(HOW[finding.what, finding.why])
    said = words % {"detail": finding.detail} if "%(" in words else words
    if finding.number:
        return _("%(words)s (policy %(number)d)", words=said, number=finding.number)
    return said
