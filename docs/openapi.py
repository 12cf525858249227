"""The API's OpenAPI document on standard output, without a running service: `python -m docs.openapi`."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from api.app import create_app
from shared.adapters.local_wake_ups import LocalWakeUps
from shared.container import open_services
from shared.settings import Settings


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="emoline-openapi-") as folder:
        settings = Settings(data_dir=Path(folder), database_url=None, store_url=None, broker_url=None)
        with open_services(settings, LocalWakeUps()) as services:
            print(json.dumps(create_app(services, ["localhost"]).openapi(), indent=1))


if __name__ == "__main__":
    main()
