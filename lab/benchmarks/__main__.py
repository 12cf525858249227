"""`python -m lab.benchmarks`: the same commands as `emoline bench`."""

from __future__ import annotations

from cli.bench import app

app()
