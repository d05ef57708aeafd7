"""The only door to Authlib (and to its joserfc): the authorization code flow with PKCE.

What `begin` returns stays in the session of the browser that set out; `finish` takes it and what
came back in the address, and believes nothing that it has not checked.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from app.accounts.outside import discovery
from app.accounts.outside.asking import ProviderError, ask
from app.core import clock
from app.core.lazily import lazily

if TYPE_CHECKING:
    from collections.abc import Mapping

    from authlib.common import errors, security, urls
    from authlib.oauth2 import client as oauth2
    from authlib.oidc import core as oidc
    from joserfc import errors as jose
    from joserfc import jwk, jws, jwt

    from app.accounts.outside.discovery import Metadata
    from app.accounts.outside.providers import Provider
else:
    errors, security = lazily("authlib.common.errors"), lazily("authlib.common.security")
    urls, oauth2 = lazily("authlib.common.urls"), lazily("authlib.oauth2.client")
    oidc, jose = lazily("authlib.oidc.core"), lazily("joserfc.errors")
    jwk, jws, jwt = (lazily(f"joserfc.{name}") for name in ("jwk", "jws", "jwt"))

# Their clock and ours.
LEEWAY = 60
LONGEST_SUBJECT = 255
# An id_token longer than this is no name and address.
LONGEST_TOKEN = 16_000


@dataclass(frozen=True)
class Begun:
    """What must come back the same; it stays in the session of the browser that set out."""

    key: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Vouched:
    """What a provider said of a person, checked; `token` is shown to it again at signing out."""

    issuer: str
    subject: str
    claims: Mapping[str, Any]
    token: str


def begin(provider: Provider, return_url: str, *, again: bool = False) -> tuple[Begun, str]:
    """What must be remembered meanwhile, and the address to send the browser to.

    `again`: they are to prove there anew who they are, and it is to say when.
    """
    said = discovery.metadata(provider)
    begun = Begun(
        provider.key,
        security.generate_token(32),
        security.generate_token(32),
        security.generate_token(64),
    )
    client = oauth2.OAuth2Client(
        None,
        provider.client_id,
        scope=" ".join(provider.scopes),
        redirect_uri=return_url,
        code_challenge_method="S256",
    )
    url, _ = client.create_authorization_url(
        said.authorization_endpoint,
        state=begun.state,
        code_verifier=begun.verifier,
        nonce=begun.nonce,
        **({"prompt": "login", "max_age": "0"} if again else {}),
    )
    return begun, str(url)


def remembered(begun: Begun) -> dict[str, str]:
    """As it is kept in a session."""
    return asdict(begun)


def finish(provider: Provider, begun: Begun, sent: Mapping[str, str], return_url: str) -> Vouched:
    """Whom the provider vouches for; raises ProviderError for whatever does not fit."""
    if sent.get("state") != begun.state or begun.key != provider.key:
        raise ProviderError(f"{provider.key}: another state came back")
    said = discovery.metadata(provider)
    named = sent.get("iss", "")
    if (named or said.names_itself) and named != provider.issuer:
        raise ProviderError(f"{provider.key}: the answer is of {named!r}")
    if sent.get("error") or not sent.get("code"):
        raise ProviderError(f"{provider.key}: {sent.get('error') or 'no code'}"[:200])
    answer = _exchanged(provider, said, begun, sent["code"], return_url)
    token = answer.get("id_token")
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise ProviderError(f"{provider.key}: no id_token came with the answer")
    claims = _read(provider, token, begun.nonce, answer.get("access_token"))
    return Vouched(provider.issuer, claims["sub"], claims, token)


def farewell(provider: Provider, token: str, return_url: str) -> str | None:
    """Where one signs out of the provider too, when it offers that."""
    place = discovery.metadata(provider).end_session_endpoint
    if not place:
        return None
    asked = [("client_id", provider.client_id), ("post_logout_redirect_uri", return_url)]
    if token:
        asked.append(("id_token_hint", token))
    return str(urls.add_params_to_uri(place, asked))


class _Session:
    """What Authlib takes for a session of `requests`: one form, sent through the guard."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def post(self, url: str, data: Mapping[str, str], headers: Any, auth: Any) -> _Answer:
        url, headers, body = auth.prepare("POST", url, dict(headers), urls.url_encode(data.items()))
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        ok, said = ask(self.provider, url, data=body.encode("ascii"), headers=headers)
        if not ok and "error" not in said:
            raise ProviderError(f"{self.provider.key}: the code was refused")
        return _Answer(said)


@dataclass(frozen=True)
class _Answer:
    said: dict[str, Any]
    status_code: int = 200

    def json(self) -> dict[str, Any]:
        return self.said


def _exchanged(
    provider: Provider, said: Metadata, begun: Begun, code: str, return_url: str
) -> Mapping[str, Any]:
    client = oauth2.OAuth2Client(
        _Session(provider),
        provider.client_id,
        provider.client_secret or None,
        token_endpoint_auth_method=_auth_method(provider, said),
        redirect_uri=return_url,
    )
    try:
        answer: Mapping[str, Any] = client.fetch_token(
            said.token_endpoint,
            grant_type="authorization_code",
            code=code,
            code_verifier=begun.verifier,
        )
    except (errors.AuthlibBaseError, ValueError) as error:
        raise ProviderError(f"{provider.key}: the code was refused ({error})"[:200]) from error
    return answer


def _auth_method(provider: Provider, said: Metadata) -> str:
    if not provider.client_secret:
        return "none"
    for method in ("client_secret_basic", "client_secret_post"):
        if method in said.token_auth_methods:
            return method
    raise ProviderError(f"{provider.key}: it takes no client secret, only what we do not know")


def _read(provider: Provider, token: str, nonce: str, access_token: object) -> dict[str, Any]:
    """The claims of an id_token, after everything about it was checked."""
    try:
        header, claims = _verified(provider, token)
        checked = oidc.CodeIDToken(
            claims,
            header,
            {
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
                "sub": {"essential": True},
                "exp": {"essential": True},
                "iat": {"essential": True},
            },
            {"nonce": nonce, "client_id": provider.client_id, "access_token": access_token},
        )
        checked.validate(int(clock.now().timestamp()), LEEWAY)
    except (jose.JoseError, errors.AuthlibBaseError, ValueError, TypeError, KeyError) as error:
        words = f"{provider.key}: its id_token cannot be believed ({type(error).__name__}: {error})"
        raise ProviderError(words[:300]) from error
    if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
        raise ProviderError(f"{provider.key}: the subject is empty or too long")
    return claims


def _verified(provider: Provider, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and the claims, when one of the provider's keys signed them."""
    try:
        return _by(provider, _keys(provider), token)
    except jose.InvalidKeyIdError:
        return _by(provider, _keys(provider, anew=True), token)


def _by(
    provider: Provider, keys: list[jwk.Key], token: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    kid = jws.extract_compact(token.encode()).headers().get("kid")
    fitting = [key for key in keys if kid is None or key.kid == kid]
    if not fitting or (kid is None and len(fitting) > 1):
        raise jose.InvalidKeyIdError("the token names none of its keys")
    allowed = list(provider.algorithms)
    # Headers of their own are theirs to have; only those of the standard are gone by.
    registry = jws.JWSRegistry(algorithms=allowed, strict_check_header=False)
    found = jwt.decode(token, fitting[0], algorithms=allowed, registry=registry)
    return found.header, found.claims


def _keys(provider: Provider, *, anew: bool = False) -> list[jwk.Key]:
    said = discovery.keys(provider, anew=anew)
    kept = [k for k in said["keys"] if isinstance(k, dict) and k.get("use", "sig") == "sig"]
    # A symmetric "key" that is published is everybody's.
    kept = [k for k in kept if k.get("kty") != "oct"]
    return list(jwk.KeySet.import_key_set({"keys": kept}).keys)
