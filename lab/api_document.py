"""The API's OpenAPI document without a running service: `python -m lab.api_document` prints it."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.app import create_app
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.settings import Settings


def api_document() -> dict[str, Any]:
    """Return the OpenAPI document of this checkout, whichever services the environment names."""
    with TemporaryDirectory(prefix="emoline-openapi-") as folder:
        settings = Settings(data_dir=Path(folder), database_url=None, store_url=None, broker_url=None)
        with open_services(settings, LocalWakeUps()) as services:
            return create_app(services, ["localhost"]).openapi()


if __name__ == "__main__":
    print(json.dumps(api_document(), indent=1))
