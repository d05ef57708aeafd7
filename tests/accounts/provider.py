"""A small provider of identities with keys of its own, in the place of the network."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from app.accounts.outside import providers
from app.core.outgoing import Answer, UnreachableError


@lru_cache
def rsa(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@lru_cache
def ec(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


@dataclass
class IdentityProvider:
    """Answers as a real one does; what a test sets in `claims` or `header` it says wrongly."""

    issuer: str = "https://id.bank.example"
    client_id: str = "otklik"
    client_secret: str = "between us"
    key: Any = field(default_factory=lambda: rsa("first"))
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "s-1", "name": "Ольга Петрова"})
    claims: dict[str, Any] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    grants: dict[str, dict[str, str]] = field(default_factory=dict)
    sign: Any = None
    is_away: bool = False

    def provider(self, **more: Any) -> providers.Provider:
        given = {
            "key": "bank",
            "label": "Bank ID",
            "audience": "customers",
            "issuer": self.issuer,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            **more,
        }
        return providers.Provider(**given)

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/out",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            **self.said,
        }

    def authorize(self, url: str) -> dict[str, str]:
        """What a person's browser brings back from the address it was sent to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{self.issuer}/authorize?")
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.grants)}"
        self.grants[code] = asked
        return {"code": code, "state": asked["state"]}

    def fetch(
        self, url: str, *, data: bytes | None = None, headers: Any = None, **_: Any
    ) -> Answer:
        self.asked.append(url)
        if self.is_away:
            raise UnreachableError(url)
        path = url.removeprefix(self.issuer)
        if path == "/.well-known/openid-configuration":
            return _json(self.metadata())
        if path == "/keys":
            return _json({"keys": [self.key.as_dict(private=False)]})
        assert path == "/token", url
        return self._token(data or b"", headers or {})

    def _token(self, data: bytes, headers: dict[str, str]) -> Answer:
        sent = {name: values[0] for name, values in parse_qs(data.decode()).items()}
        grant = self.grants.pop(sent["code"], None)
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if grant is None or proof != grant["code_challenge"]:
            return _json({"error": "invalid_grant"}, 400)
        if headers.get("Authorization") != f"Basic {basic}":
            return _json({"error": "invalid_client"}, 401)
        if sent["redirect_uri"] != grant["redirect_uri"]:
            return _json({"error": "invalid_grant"}, 400)
        return _json({"access_token": "a", "token_type": "Bearer", "id_token": self.token(grant)})

    def token(self, grant: dict[str, str]) -> str:
        at = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": at,
            "exp": at + 300,
            "nonce": grant["nonce"],
            **self.person,
            **self.claims,
        }
        if "max_age" in grant:
            claims.setdefault("auth_time", at)
        claims = {name: value for name, value in claims.items() if value is not None}
        if self.sign is not None:
            return str(self.sign(claims))
        algorithm = "ES256" if isinstance(self.key, ECKey) else "RS256"
        return jwt.encode({"alg": algorithm, "kid": self.key.kid}, claims, self.key)


def unsigned(claims: dict[str, Any]) -> str:
    """An id_token that nobody signed."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join(_part(json.dumps(part).encode()) for part in parts) + "."


def signed_with_the_public_key(key: RSAKey) -> Any:
    """An id_token signed by HMAC with what everybody may read."""
    secret = key.as_pem(private=False)

    def sign(claims: dict[str, Any]) -> str:
        header = _part(json.dumps({"alg": "HS256", "kid": key.kid}).encode())
        body = _part(json.dumps(claims).encode())
        mac = hmac.new(secret, f"{header}.{body}".encode(), hashlib.sha256).digest()
        return f"{header}.{body}.{_part(mac)}"

    return sign


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _json(said: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, {"content-type": "application/json"}, json.dumps(said).encode())
