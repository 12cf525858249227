"""`python -m lab.benchmarks.service.direct_run analyze|infer FILE…`: process files without a service.

Prints `ready` when the model is loaded, waits for a line, and processes the files.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.benchmarks.rounds import seconds
from shared.domain.options import JobOptions
from shared.settings import Settings
from worker.offline.analyze import analyze
from worker.pipeline.inference import infer
from worker.pipeline.ports import Samples
from worker.pipeline.prepare import Preparation
from worker.pipeline_builder import Pipeline, build_pipeline

_READY = "ready\n"


def run_processes(kind: str, shares: Sequence[Sequence[Path]], environment: dict[str, str]) -> float:
    """Process each share of the files in a process of its own, at the same time; return the seconds until all end."""
    command = [sys.executable, "-m", "lab.benchmarks.service.direct_run", kind]
    pipe, quiet = subprocess.PIPE, {"PYTHONWARNINGS": "ignore"}  # FunASR's imports warn a lot
    processes = [
        subprocess.Popen([*command, *map(str, share)], stdin=pipe, stdout=pipe, text=True, env=environment | quiet)
        for share in shares
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == _READY

    def work() -> None:
        for process in processes:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            process.communicate()
            if process.returncode:
                raise subprocess.CalledProcessError(process.returncode, process.args)

    return seconds(work)


def main() -> None:
    kind, files = sys.argv[1], [Path(name) for name in sys.argv[2:]]
    pipeline = build_pipeline(Settings())
    with pipeline.model as model:
        model.start()
        if kind == "infer":
            by_file = {file: _segments(pipeline, file) for file in set(files)}
            segments = [segment for file in files for segment in by_file[file]]
            _wait_for_start()
            infer(model, segments)
        else:
            _wait_for_start()
            with TemporaryDirectory() as out:
                for file in files:
                    analyze(file, pipeline, JobOptions(), Path(out), lambda *_: None, save_segments=False)


def _wait_for_start() -> None:
    sys.stdout.write(_READY)
    sys.stdout.flush()
    sys.stdin.readline()


def _segments(pipeline: Pipeline, file: Path) -> list[Samples]:
    with file.open("rb") as opened, pipeline.decoder.open(opened) as stream:
        preparation = Preparation(stream, JobOptions(), pipeline.detectors, pipeline.max_segments)
        return [clip.samples for clips in preparation.clips() for clip in clips]


if __name__ == "__main__":
    main()
