"""What a provider says of itself, and its keys: asked for when needed, kept for an hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.accounts.outside.asking import ProviderError, ask
from app.core import clock

if TYPE_CHECKING:
    from app.accounts.outside.providers import Provider

FRESH = timedelta(hours=1)
# Somebody who sends tokens of unknown keys must not make us ask for keys each time.
BETWEEN_KEYS = timedelta(minutes=1)
REQUIRED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
ADDRESSES = (*REQUIRED, "end_session_endpoint")


@dataclass(frozen=True)
class Metadata:
    """The parts of a discovery document we go by."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str
    token_auth_methods: tuple[str, ...]
    names_itself: bool

    @property
    def can_sign_in(self) -> bool:
        """Whether a code can be exchanged there: some offer only ways that are not safe."""
        return all(getattr(self, name) for name in REQUIRED)


_kept: dict[str, tuple[datetime, Metadata]] = {}
_keys: dict[str, tuple[datetime, dict[str, Any]]] = {}


def forget() -> None:
    """Ask everybody anew."""
    _kept.clear()
    _keys.clear()


def metadata(provider: Provider) -> Metadata:
    """What the provider says of itself; raises ProviderError."""
    at, kept = _kept.get(provider.issuer, (None, None))
    if kept is not None and at is not None and clock.now() - at < FRESH:
        return kept
    url = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
    ok, said = ask(provider, url)
    if not ok:
        raise ProviderError(f"{provider.key}: nothing at {url}")
    found = read(said, provider.issuer)
    if not found.can_sign_in:
        raise ProviderError(f"{provider.key}: it does not offer the authorization code flow")
    _kept[provider.issuer] = clock.now(), found
    return found


def read(said: dict[str, Any], issuer: str) -> Metadata:
    """A discovery document; raises ProviderError when it is another's or leads off https."""
    if said.get("issuer") != issuer:  # to the letter: a slash more is another issuer
        raise ProviderError(f"{issuer} calls itself {said.get('issuer')!r}")
    places = {name: _address(said, name) for name in ADDRESSES}
    flows = said.get("response_types_supported")
    if not isinstance(flows, list):
        raise ProviderError(f"{issuer}: response_types_supported is missing")
    if "code" not in flows:
        places["token_endpoint"] = ""
    proofs = said.get("code_challenge_methods_supported")
    if isinstance(proofs, list) and "S256" not in proofs:
        raise ProviderError(f"{issuer}: it knows PKCE, but not S256")
    methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        issuer=issuer,
        token_auth_methods=tuple(m for m in methods if isinstance(m, str)),
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
        **places,
    )


def keys(provider: Provider, *, anew: bool = False) -> dict[str, Any]:
    """The provider's keys; `anew`: one of them is unknown, it may have changed them."""
    at, kept = _keys.get(provider.issuer, (None, None))
    if kept is not None and at is not None:
        age = clock.now() - at
        if age < (BETWEEN_KEYS if anew else FRESH):
            return kept
    ok, said = ask(provider, metadata(provider).jwks_uri)
    if not ok or not isinstance(said.get("keys"), list):
        raise ProviderError(f"{provider.key}: its keys cannot be read")
    _keys[provider.issuer] = clock.now(), said
    return said


def _address(said: dict[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise ProviderError(f"{name} is no address")
    if value and (urlsplit(value).scheme != "https" or "@" in urlsplit(value).netloc):
        raise ProviderError(f"{name} does not begin with https://")
    return value
