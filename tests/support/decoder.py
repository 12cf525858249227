"""The decoder, and the processes that it runs."""

from __future__ import annotations

import os
import subprocess

from tests.support.waiting import PATIENCE_S
from worker.adapters.decoding.decoder import FfmpegDecoder

DECODER = FfmpegDecoder(max_duration_s=3600, timeout_s=PATIENCE_S)


def fork_server_pid() -> int:
    command = ["pgrep", "-f", "-P", str(os.getpid()), "worker.adapters.decoding.fork_server"]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def decoder_pid() -> int:
    command = ["pgrep", "-n", "-P", str(fork_server_pid())]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def range_pids() -> list[int]:
    """The processes of the newest decoder; none if there is no decoder."""
    newest = subprocess.run(
        ["pgrep", "-n", "-P", str(fork_server_pid())], capture_output=True, text=True
    ).stdout.strip()
    if not newest:
        return []
    command = ["pgrep", "-P", newest]
    return [int(pid) for pid in subprocess.run(command, capture_output=True, text=True).stdout.split()]
