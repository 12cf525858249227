"""docker-compose.yml as `docker compose` reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from shared.settings import Settings

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<value>[^}]*))?\}")
"""`${NAME}`, `${NAME:-default}` and `${NAME:?why it is needed}`: no other form is used."""
_SECONDS = {"s": 1, "m": 60}


def services(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the services by name, variables filled in. Raises KeyError for a missing one that is needed."""
    documents: dict[str, dict[str, Any]] = yaml.safe_load(_filled(FILE.read_text(encoding="utf-8"), variables))[
        "services"
    ]
    return documents


def needed_variables() -> set[str]:
    """Return the variables without which `docker compose` refuses to do anything."""
    return {
        variable["name"] for variable in VARIABLE.finditer(FILE.read_text(encoding="utf-8")) if variable["kind"] == "?"
    }


def seconds(duration: str) -> int:
    """Return the seconds of a duration such as `2m` or `30s`."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


def is_setting(name: str) -> bool:
    """Return True if Emoline reads this EMOLINE_* variable."""
    return name.removeprefix("EMOLINE_").partition("__")[0].lower() in Settings.model_fields


def _filled(text: str, variables: Mapping[str, str]) -> str:
    def value(variable: re.Match[str]) -> str:
        if variable["kind"] == "?" and not variables.get(variable["name"]):
            raise KeyError(f"{variable['name']}: {variable['value']}")
        return variables.get(variable["name"]) or variable["value"] or ""

    return VARIABLE.sub(value, text)
