"""The way out to a provider. Tests put their own answers in the place of `fetch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.core import outgoing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.accounts.outside.providers import Provider

fetch = outgoing.fetch


class ProviderError(Exception):
    """The provider is away, or says what cannot be believed. The message is for the log."""


def ask(
    provider: Provider,
    url: str,
    *,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[bool, dict[str, Any]]:
    """Whether they did as asked, and the JSON they answered with."""
    try:
        answer = fetch(
            url,
            data=data,
            headers={"Accept": "application/json", **(headers or {})},
            allow_private=provider.private_network,
        )
        said = answer.json()
    except outgoing.OutgoingError as error:
        raise ProviderError(f"{provider.key}: {error}") from error
    if not isinstance(said, dict):
        raise ProviderError(f"{provider.key}: {url} answers with something else than an object")
    return answer.ok, said
