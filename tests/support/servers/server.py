"""A server that is a process of its own, in a folder of its own: both are gone however the tests end."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# The pipe closes however the tests end, by kill -9 too.
_UNTIL_STDIN_CLOSES = """
folder=$1 signal=$2; shift 2
"$@" & server=$!
read keep
kill -$signal $server; wait $server
[ "$keep" ] || rm -rf "$folder"
"""


class ServerProcess:
    """Runs `command`, and ends it by `signal`. `account` is as whom, in the words of `subprocess.Popen`."""

    def __init__(self, folder: Path, command: Sequence[str], signal: str, **account: Any) -> None:
        self._folder = folder
        self._command = ["sh", "-c", _UNTIL_STDIN_CLOSES, "sh", str(folder), signal, *command]
        self._account = account

    @property
    def log(self) -> Path:
        return self._folder / "log"

    def start(self) -> None:
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=self._folder, **self._account
            )

    def end(self, *, keep: bool = False) -> None:
        """Returns when it has ended; its folder is gone too then, unless `keep`."""
        self._process.communicate(b"keep\n" if keep else b"")
