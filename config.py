"""Every setting of Otklik, said once: its default, its meaning, and how it is read.

`.env.example` and the table in the README are made from `SETTINGS` (`flask settings`), so that
neither can fall behind.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotenv import dotenv_values

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent


@dataclass(frozen=True)
class Setting:
    """One environment variable; `default` is the text used when it is absent or empty."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting("SECRET_KEY", "", "Signs cookies and links. Empty: read from instance/secret_key."),
    Setting("INSTANCE_PATH", "instance", "Folder for the database, pictures, index and letters."),
    Setting(
        "PUBLIC_URL", "http://127.0.0.1:8000", "The address people open; letters and feeds use it."
    ),
    Setting(
        "DATABASE_URL",
        "",
        "postgresql+psycopg://user:password@host/name. Empty: SQLite in the instance folder.",
    ),
    Setting(
        "DATABASE_REPLICA_URL",
        "",
        "A read replica of that PostgreSQL, for the pages of readers who are not signed in; the"
        " primary makes them while it is away or behind. Empty: none.",
    ),
    Setting(
        "FILES_URL",
        "",
        "Where pictures and exports lie when several machines share them: file:///shared/otklik, or"
        " s3://bucket/prefix with AWS_ENDPOINT_URL and AWS_ACCESS_KEY_ID, as such storages have"
        " them, and the packages of requirements-s3.txt. Empty: the instance folder.",
    ),
    Setting(
        "REDIS_URL",
        "",
        "redis://host:6379/0 for the worker's hints and for limits that hold across machines."
        " Empty: a local file, and each process counts for itself.",
    ),
    Setting(
        "SEARCH_ENGINE",
        "whoosh",
        "whoosh, or tantivy from some ten thousand topics on: the worker then makes a new index.",
    ),
    Setting(
        "SEARCH_SEMANTIC",
        "no",
        "yes: suggestions also by meaning, from English to Russian and back. Takes 150 MB a process"
        " and the packages of requirements-semantic.txt.",
    ),
    Setting(
        "MAIL_URL",
        "",
        "smtp://user:password@host:587 (STARTTLS), smtps://…:465. Empty: files in instance/mail.",
    ),
    Setting(
        "ARCHIVE_KEY",
        "",
        "An Ed25519 key (PEM) that signs the record. Empty: made once, instance/archive_key.pem.",
    ),
    Setting(
        "ARCHIVE_COPY",
        "",
        "A folder elsewhere that gets a copy of every signed checkpoint, best one written to once.",
    ),
    Setting("ARCHIVE_MAIL", "", "An address at compliance that is mailed every checkpoint."),
    Setting("TRUSTED_PROXIES", "0", "How many reverse proxies stand in front of the web process."),
    Setting("TRUSTED_HOSTS", "", "Host names to answer to, separated by commas. Empty: any."),
    Setting("RATE_LIMITS", "yes", "no: nobody is asked to wait, as for measuring."),
    Setting("SESSION_DAYS", "30", "Days of absence after which a person must sign in again."),
    Setting("SESSION_LONGEST_DAYS", "90", "Days after which anybody must sign in again."),
    Setting(
        "STAFF_SECOND_FACTOR",
        "yes",
        "yes: staff come in with a passkey, or with a code beside the password; nothing of the bank"
        " opens to them before. no: with the password alone, as bin/run does for the demo bank.",
    ),
    Setting(
        "SIGN_IN_PROVIDERS",
        "",
        "A TOML file that names the bank's own identity providers (OpenID Connect); see"
        " deploy/sign-in-providers.toml. Empty: none.",
    ),
    Setting(
        "PAGE_CACHE_MB",
        "64",
        "Megabytes of ready pages each web process keeps for readers who are not signed in; with"
        " REDIS_URL they share them. Half as much is for what the pages of others have in"
        " common. 0: every page is made anew.",
    ),
    Setting(
        "BREACHED_PASSWORDS",
        "",
        "A folder or file of leaked passwords as SHA-1, in the range format: none is taken as a new"
        " one. Read here, never asked of the network. Empty: only the most common are refused.",
    ),
    Setting("DEVELOPMENT", "no", "yes: reload templates and show the component catalogue at /ui."),
    Setting("LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Setting("LOG_FORMAT", "console", "console: lines for people. json: an object a line."),
    Setting(
        "METRICS_TOKEN",
        "",
        "Opens /metrics to whoever sends it as a Bearer token. Empty: to administrators alone.",
    ),
)


SEARCH_ENGINES = ("whoosh", "tantivy")
LOG_FORMATS = ("console", "json")


class UnknownValueError(ValueError):
    """A setting that has one of a few values has another."""


class MissingSecretError(RuntimeError):
    """No SECRET_KEY in the environment and no secret_key file in the instance folder."""


def load(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Flask's configuration from `.env`, then the environment (which wins), then defaults."""
    given = {**dotenv_values(ROOT / ".env"), **(os.environ if environ is None else environ)}
    read = {s.name: (given.get(s.name) or s.default).strip() for s in SETTINGS}
    instance = ROOT / read["INSTANCE_PATH"]
    return {
        **read,
        "SECRET_KEY": read["SECRET_KEY"] or _secret_from(instance / "secret_key"),
        "INSTANCE_PATH": instance,
        "PUBLIC_URL": read["PUBLIC_URL"].rstrip("/"),
        "SQLALCHEMY_DATABASE_URI": _database(read["DATABASE_URL"], instance),
        "DATABASE_REPLICA_URL": _replica(read["DATABASE_REPLICA_URL"], read["DATABASE_URL"]),
        "INDEX_PATH": instance / "index",
        "MAIL_PATH": instance / "mail",
        "JOBS_PATH": instance / "jobs.sqlite3",
        "SEARCH_ENGINE": _one_of("SEARCH_ENGINE", read["SEARCH_ENGINE"], SEARCH_ENGINES),
        "LOG_FORMAT": _one_of("LOG_FORMAT", read["LOG_FORMAT"], LOG_FORMATS),
        "SEARCH_SEMANTIC": read["SEARCH_SEMANTIC"].lower() in {"1", "yes", "true", "on"},
        "TRUSTED_PROXIES": int(read["TRUSTED_PROXIES"]),
        "TRUSTED_HOSTS": [h.strip() for h in read["TRUSTED_HOSTS"].split(",") if h.strip()] or None,
        "RATE_LIMITS": read["RATE_LIMITS"].lower() not in {"0", "no", "false", "off"},
        "PAGE_CACHE_MB": int(read["PAGE_CACHE_MB"]),
        "SESSION_DAYS": int(read["SESSION_DAYS"]),
        "SESSION_LONGEST_DAYS": int(read["SESSION_LONGEST_DAYS"]),
        "STAFF_SECOND_FACTOR": read["STAFF_SECOND_FACTOR"].lower()
        not in {"0", "no", "false", "off"},
        "SIGN_IN_PROVIDERS": ROOT / read["SIGN_IN_PROVIDERS"]
        if read["SIGN_IN_PROVIDERS"]
        else None,
        "BREACHED_PASSWORDS": _there("BREACHED_PASSWORDS", read["BREACHED_PASSWORDS"]),
        "DEVELOPMENT": read["DEVELOPMENT"].lower() in {"1", "yes", "true", "on"},
        "SECURE": read["PUBLIC_URL"].startswith("https://"),
        # Ten megabytes of picture and room for the form around it.
        "MAX_CONTENT_LENGTH": 11 * 1024 * 1024,
    }


def _file(path: str) -> Path | None:
    return ROOT / path if path else None


def _there(name: str, path: str) -> Path | None:
    """A file or folder that must be there: a guard that is named and missing guards nothing."""
    found = _file(path)
    if found is not None and not found.exists():
        message = f"{name} is {path!r}; there is no such file or folder."
        raise UnknownValueError(message)
    return found


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value.lower() not in known:
        message = f"{name} is {value!r}; it must be one of: {', '.join(known)}."
        raise UnknownValueError(message)
    return value.lower()


def _database(url: str, instance: Path) -> str:
    if not url:
        return f"sqlite:///{instance / 'otklik.sqlite3'}"
    for short in ("postgres://", "postgresql://"):
        if url.startswith(short):
            return "postgresql+psycopg://" + url.removeprefix(short)
    return url


def _replica(url: str, primary: str) -> str:
    if url and not (url.startswith("postgres") and primary.startswith("postgres")):
        message = "DATABASE_REPLICA_URL needs PostgreSQL, there and in DATABASE_URL."
        raise UnknownValueError(message)
    return _database(url, ROOT) if url else ""


def _secret_from(path: Path) -> str:
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        message = f"Set SECRET_KEY, or run ./bin/run once: it makes {path}."
        raise MissingSecretError(message) from None
