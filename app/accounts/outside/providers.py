"""Who may vouch for people: the file that SIGN_IN_PROVIDERS names, read once at start.

Customers and staff come through different providers. What a provider for customers says of roles is
not even read; deploy/sign-in-providers.toml shows every line there may be.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

AUDIENCES = ("customers", "staff")
# Of several roles somebody holds there, the first of these is theirs here.
ROLES = ("administrator", "manager", "executive")
# Signatures that a public key can check. "none" and the HS family never: what everybody may read
# would be what signs.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
              "EdDSA", "Ed25519")  # fmt: skip
USUAL = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
LONGEST_ISSUER = 255

_KEY = re.compile(r"[a-z0-9-]{1,40}")


class ProvidersError(ValueError):
    """The file cannot be used; the message says which line of whom, for whoever wrote it."""


@dataclass(frozen=True)
class Provider:
    """One provider. `roles` maps a role of ours to the values of `roles_claim` that bring it."""

    key: str
    label: str
    audience: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False, default="")
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    algorithms: tuple[str, ...] = USUAL
    private_network: bool = False
    name_claim: str = "name"
    email_claim: str = "email"
    post_claim: str = ""
    roles_claim: str = ""
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # Values of `amr` and `acr` by which it says that more than a password was asked for.
    strong_amr: frozenset[str] = frozenset()
    strong_acr: frozenset[str] = frozenset()

    @property
    def is_for_staff(self) -> bool:
        """Whether colleagues come through it."""
        return self.audience == "staff"


class _Known:
    """What `init` read."""

    providers: tuple[Provider, ...] = ()


def init(config: Mapping[str, Any]) -> None:
    """Read the file of the settings; raises ProvidersError, for a wrong one must not start."""
    path = config.get("SIGN_IN_PROVIDERS")
    _Known.providers = read(path) if path else ()


def known() -> tuple[Provider, ...]:
    """Every provider, in the file's order."""
    return _Known.providers


def named(key: str) -> Provider | None:
    """The provider with this key in its address."""
    return next((p for p in known() if p.key == key), None)


def of_issuer(issuer: str) -> Provider | None:
    """The provider that calls itself so; none when the operator has taken it away."""
    return next((p for p in known() if p.issuer == issuer), None)


def read(path: Path) -> tuple[Provider, ...]:
    """The providers in a file."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProvidersError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProvidersError(f"{path} is not TOML: {error}") from error
    tables = said.pop("provider", [])
    is_list = isinstance(tables, list) and all(isinstance(t, dict) for t in tables)
    if said or not tables or not is_list:
        raise ProvidersError(f"{path}: every provider is a table of its own, [[provider]]")
    found = tuple(_Table(path, table, table.get("key", "?")).provider() for table in tables)
    for what in ("key", "issuer"):
        values = [getattr(p, what) for p in found]
        twice = next((v for v in values if values.count(v) > 1), None)
        if twice is not None:
            raise ProvidersError(f"{path}: two providers have the {what} {twice!r}")
    return found


class _Table:
    """One [[provider]], read line by line; a line nobody reads is a slip of the pen."""

    def __init__(self, path: Path, lines: dict[str, Any], key: object) -> None:
        self.path, self.key, self.left = path, key, dict(lines)

    def provider(self) -> Provider:
        audience = self._one_of("audience", AUDIENCES)
        claims, roles = self._table("claims"), self._table("roles")
        strong = self._table("second_factor")
        made = Provider(
            key=self._key(),
            label=self._text("label"),
            audience=audience,
            issuer=self._issuer(),
            client_id=self._text("client_id"),
            client_secret=self._secret(),
            scopes=self._scopes(),
            algorithms=self._algorithms(),
            private_network=self._yes("private_network"),
            name_claim=claims.text("name", "name"),
            email_claim=claims.text("email", "email"),
            post_claim=claims.text("post", ""),
            roles_claim=roles.text("claim", "groups") if roles.left else "",
            roles={r: frozenset(values) for r in ROLES if (values := roles.texts(r))},
            strong_amr=frozenset(strong.texts("amr")),
            strong_acr=frozenset(strong.texts("acr")),
        )
        for table in (self, claims, roles, strong):
            if table.left:
                raise self._wrong(f"nothing is called {', '.join(sorted(table.left))}")
        if made.is_for_staff and not made.roles:
            raise self._wrong("a provider for staff needs [provider.roles]: who is let in as what")
        if not made.is_for_staff and (made.roles or made.roles_claim):
            raise self._wrong("a provider for customers makes nobody staff: no roles here")
        return made

    def _wrong(self, words: str) -> ProvidersError:
        return ProvidersError(f"{self.path}, provider {self.key!r}: {words}")

    def _key(self) -> str:
        key = self._text("key")
        if not _KEY.fullmatch(key):
            raise self._wrong("a key is made of small letters, digits and hyphens")
        return key

    def _issuer(self) -> str:
        issuer = self._text("issuer")
        parts = urlsplit(issuer)
        if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
            raise self._wrong("an issuer is an address that begins with https://")
        if parts.query or parts.fragment or len(issuer) > LONGEST_ISSUER:
            raise self._wrong("an issuer's address is short and has no ? and no #")
        return issuer

    def _secret(self) -> str:
        file = self.left.pop("client_secret_file", None)
        if file is None:
            return self.text("client_secret", "")
        try:
            return (self.path.parent / str(file)).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise self._wrong(f"client_secret_file cannot be read: {error.strerror}") from error

    def _scopes(self) -> tuple[str, ...]:
        scopes = self.texts("scopes") or list(Provider.scopes)
        return tuple(dict.fromkeys(["openid", *scopes]))

    def _algorithms(self) -> tuple[str, ...]:
        asked = self.texts("algorithms") or list(USUAL)
        weak = [name for name in asked if name not in ALGORITHMS]
        if weak:
            raise self._wrong(f"{', '.join(weak)} cannot be trusted to sign who somebody is")
        return tuple(asked)

    def _one_of(self, name: str, values: Iterable[str]) -> str:
        value = self._text(name)
        if value not in values:
            raise self._wrong(f"{name} is one of: {', '.join(values)}")
        return value

    def _yes(self, name: str) -> bool:
        value = self.left.pop(name, False)
        if not isinstance(value, bool):
            raise self._wrong(f"{name} is true or false")
        return value

    def _table(self, name: str) -> _Table:
        lines = self.left.pop(name, {})
        if not isinstance(lines, dict):
            raise self._wrong(f"[provider.{name}] is a table")
        return _Table(self.path, lines, self.key)

    def _text(self, name: str) -> str:
        value = self.text(name, "")
        if not value:
            raise self._wrong(f"{name} is missing")
        return value

    def text(self, name: str, otherwise: str) -> str:
        value = self.left.pop(name, otherwise)
        if not isinstance(value, str):
            raise self._wrong(f"{name} is a text in quotes")
        return value.strip()

    def texts(self, name: str) -> list[str]:
        value = self.left.pop(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self._wrong(f"{name} is a list of texts in quotes")
        return value
