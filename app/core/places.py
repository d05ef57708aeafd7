"""Addresses of pages of ours without what must not be kept: `/search?q=4276…` names a card too."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from app.core import allowed
from app.core.bankdata import mask


def mask_address(address: str) -> str:
    """The address as it may be kept; one with nothing to hide stays to the letter."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return mask(address, allowed.known()).text
    own = allowed.known()
    path, words = unquote(parts.path), parse_qsl(parts.query, keep_blank_values=True)
    said = [path, unquote(parts.fragment), *(value for _name, value in words)]
    if not any(mask(each, own).found for each in said):
        return address
    return parts._replace(
        path=quote(mask(path, own).text, safe="/:@-._~"),
        query=urlencode([(name, mask(value, own).text) for name, value in words]),
        fragment=quote(mask(unquote(parts.fragment), own).text),
    ).geturl()
