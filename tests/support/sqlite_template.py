"""SQLite files of the newest schema, copied from one: the migrations of each take a quarter of a second."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.db.engine import open_engine
from shared.db.schema import migrate


@cache
def _template() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "template.db"
        engine = open_engine(f"sqlite:///{file}")
        migrate(engine)
        engine.dispose()
        return file.read_bytes()


def place_database(file: Path) -> None:
    """Put an empty database at `file`, and make its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_template())
