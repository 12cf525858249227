"""`python -m lab.benchmarks.service.plain analyze|infer FILE…`: works through files without any service.

Prints `ready` when the model is loaded, waits for a line, works, and prints the seconds that it took.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.benchmarks.rounds import seconds
from shared.domain.options import JobOptions
from shared.settings import Settings
from worker.container import Pipeline, build_pipeline
from worker.offline.analyze import analyze
from worker.pipeline.inference import infer
from worker.pipeline.ports import Samples
from worker.pipeline.prepare import Preparation

_READY = "ready\n"


def seconds_of(kind: str, shares: Sequence[Sequence[Path]], environment: dict[str, str]) -> float:
    """Seconds until as many processes as there are shares have worked through theirs, side by side."""
    command = [sys.executable, "-m", "lab.benchmarks.service.plain", kind]
    pipe, quiet = subprocess.PIPE, {"PYTHONWARNINGS": "ignore"}  # FunASR's imports have much to say
    processes = [
        subprocess.Popen([*command, *map(str, share)], stdin=pipe, stdout=pipe, text=True, env=environment | quiet)
        for share in shares
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == _READY
    return seconds(lambda: _work(processes))


def _work(processes: Sequence[subprocess.Popen[str]]) -> None:
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)


def main() -> None:
    kind, files = sys.argv[1], [Path(name) for name in sys.argv[2:]]
    pipeline = build_pipeline(Settings())
    with pipeline.model as model:
        model.start()
        if kind == "infer":
            by_file = {file: _sounds(pipeline, file) for file in set(files)}
            sounds = [sound for file in files for sound in by_file[file]]
            with _started():
                infer(model, sounds)
        else:
            with _started(), TemporaryDirectory() as out:
                for file in files:
                    analyze(file, pipeline, JobOptions(), Path(out), lambda *_: None, save_segments=False)


@contextmanager
def _started() -> Iterator[None]:
    sys.stdout.write(_READY)
    sys.stdout.flush()
    sys.stdin.readline()
    yield


def _sounds(pipeline: Pipeline, file: Path) -> list[Samples]:
    with file.open("rb") as opened, pipeline.decoder.open(opened) as stream:
        preparation = Preparation(stream, JobOptions(), pipeline.detectors, pipeline.max_segments)
        return [clip.samples for clips in preparation.clips() for clip in clips]


if __name__ == "__main__":
    main()
