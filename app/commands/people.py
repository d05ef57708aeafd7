"""`flask create-admin`: the first person who may do everything."""

from __future__ import annotations

import click
from email_validator import EmailNotValidError, validate_email
from flask import current_app
from flask.cli import with_appcontext
from rich.console import Console

from app.accounts import queries, service
from app.accounts.models import Person
from app.brand.queries import brand
from app.core import transactions
from app.core.db import session
from app.core.events import quietly

console = Console(highlight=False)


@click.command("create-admin")
@click.argument("email")
@click.option("--name", help="Default: what stands before the @.")
@with_appcontext
def create_admin(email: str, name: str | None) -> None:
    """Make EMAIL an administrator and print a link, good for one hour, to choose a password."""
    try:
        email = validate_email(email, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise click.BadParameter(str(error), param_hint="EMAIL") from None
    person = queries.by_email(email)
    if person is not None and person.disabled_at is not None:
        raise click.ClickException("This account is shut out; let it in again first.")
    with quietly():  # whoever runs this reads the link here, no letter is needed
        if person is None:
            person = Person(email=email, locale=brand().locale)
            service.rename(person, name or email.partition("@")[0])
            session.add(person)
            session.flush()
        service.hire(person, "administrator", person.post or "Administrator")
        ticket = service.issue("reset", person, email, person.locale or brand().locale)
    transactions.commit()
    path = current_app.url_map.bind("").build("accounts.reset", {"token": service.token(ticket)})
    console.print(f"{person.name} is an administrator. Choose a password within an hour:")
    click.echo(f"{current_app.config['PUBLIC_URL']}{path}")
