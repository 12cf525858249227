"""The base of the tables, and the types of their columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, MetaData, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, mapped_column

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

Samples = Annotated[int, mapped_column(BigInteger)]
"""A number of samples; a day and a half at 16 kHz is just over 31 bits."""
Bytes = Annotated[int, mapped_column(BigInteger)]
"""A size in bytes."""


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone, always in UTC: SQLite stores no zone, and a Postgres server may have another one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """The base of all rows."""

    metadata = MetaData(naming_convention=_NAMES)
    # JSON on Postgres too: JSONB would change the order of keys and refuse the null character.
    type_annotation_map = {  # noqa: RUF012
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON,
        list[dict[str, Any]]: JSON,
    }
