"""`emoline keys`: create, list and revoke API keys in the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from cli.console import leave, settings_with

if TYPE_CHECKING:
    from shared.services.api_keys import ApiKeys

app = typer.Typer(
    help="Create, list and revoke API keys. Once there is one, every request needs a key.", no_args_is_help=True
)

Tenant = Annotated[str, typer.Option(help="Tenant whose jobs the key reaches; tenants never see each other's.")]


class Allowed(StrEnum):
    """The scopes of a key as options."""

    READ = "read"
    WRITE = "write"
    KEYS = "keys"


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name by which you know the key.")],
    tenant: Tenant = "default",
    scope: Annotated[
        list[Allowed] | None, typer.Option(help="Right of the key; may be repeated.", show_default="read and write")
    ] = None,
) -> None:
    """Create a key and print it, this once."""
    from shared.domain.access import Scope

    scopes = [Scope(allowed.value) for allowed in scope or (Allowed.READ, Allowed.WRITE)]
    with _api_keys() as api_keys:
        _, secret = api_keys.create(name, tenant, scopes)
    Console(stderr=True).print("Keep it: it cannot be shown again. Send it as `Authorization: Bearer …`.", markup=False)
    typer.echo(secret)


@app.command("list")
def show(tenant: Tenant = "default") -> None:
    """Show a tenant's keys, newest first."""
    table = Table(Column("id", min_width=40), "name", "begins with", "may", "made", "revoked")
    with _api_keys() as api_keys:
        for key in api_keys.list(tenant):
            revoked = f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
            created = f"{key.created_at:%Y-%m-%d %H:%M}"
            table.add_row(key.id, key.name, key.prefix, ", ".join(key.scopes), created, revoked)
    Console().print(table)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as `emoline keys list` shows it.")],
    tenant: Tenant = "default",
) -> None:
    """Revoke a key; within ten seconds it is worthless."""
    from shared.domain.errors import KeyNotFound

    with _api_keys() as api_keys:
        try:
            api_keys.revoke(tenant, key_id)
        except KeyNotFound as error:
            leave(Console(stderr=True), str(error))


@contextmanager
def _api_keys() -> Iterator[ApiKeys]:
    """Open the database, with its schema brought up to date for SQLite; leave with a sentence where it fails."""
    from shared.adapters.clock import SystemClock
    from shared.db.api_keys import SqlApiKeyStore
    from shared.db.engine import DatabaseUnusable, open_engine
    from shared.db.schema import ensure_schema
    from shared.domain.errors import Outage
    from shared.services.api_keys import ApiKeys

    try:
        engine = open_engine(settings_with().resolved_database_url())
        ensure_schema(engine)
        yield ApiKeys(SqlApiKeyStore(engine), SystemClock())
        engine.dispose()
    except (DatabaseUnusable, Outage) as error:
        leave(Console(stderr=True), str(error))
