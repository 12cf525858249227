"""The files of an offline analysis, and whether those of an earlier one may stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

from exports.formats import ExportFormat
from shared.domain.options import AggregationOptions, JobOptions
from shared.settings import Settings
from tests.support.media.speech import speech_like
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.offline.result_files import EarlierResult, Outputs, analyze_into
from worker.pipeline_builder import VOICE_DETECTORS, Pipeline, build_decoder, build_encoder

EVERYTHING = Outputs(exports=tuple(ExportFormat))
OPTIONS = JobOptions()


@pytest.fixture
def pipeline(mini_model: Emotion2vecModel) -> Pipeline:
    settings = Settings()
    return Pipeline(
        build_decoder(settings), VOICE_DETECTORS, settings.max_segments, mini_model, build_encoder(settings)
    )


@pytest.fixture
def call(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "call.wav", speech_like(3, seed=3).samples, 16_000)
    return tmp_path / "call.wav"


def test_a_result_stays_only_if_an_analysis_would_write_the_same(
    call: Path, tmp_path: Path, pipeline: Pipeline
) -> None:
    out = tmp_path / "out"
    assert EarlierResult.from_folder(out) is None
    document = analyze_into(out, call, pipeline, OPTIONS, EVERYTHING, lambda *_: None)
    assert {path.name for path in out.iterdir()} == {"result.json", *EVERYTHING.filenames()}
    assert len(EVERYTHING.filenames()) == len(ExportFormat)
    earlier = EarlierResult.from_folder(out)
    assert earlier
    assert earlier.filename == "call.wav"

    def current(options: JobOptions = OPTIONS, outputs: Outputs = EVERYTHING) -> bool:
        return earlier.current(call, options, pipeline.model.info, outputs) is not None

    assert earlier.current(call, OPTIONS, pipeline.model.info, EVERYTHING) == document
    assert current(outputs=Outputs())
    assert not current(outputs=Outputs(report="en"))
    assert not current(outputs=Outputs(save_segments=True))
    assert not current(replace(OPTIONS, aggregation=AggregationOptions(min_confidence=0.5)))
    other_model = replace(pipeline.model.info, sha256="0" * 64)
    assert earlier.current(call, OPTIONS, other_model, EVERYTHING) is None
    soundfile.write(call, speech_like(4, seed=4).samples, 16_000)
    assert not current()


def test_exports_of_an_earlier_result_do_not_outlive_it(call: Path, tmp_path: Path, pipeline: Pipeline) -> None:
    out = tmp_path / "out"
    analyze_into(out, call, pipeline, OPTIONS, Outputs(exports=(ExportFormat.CSV,)), lambda *_: None)
    assert {path.name for path in out.iterdir()} == {"result.json", "result.csv"}
    (out / "notes.csv").touch()
    analyze_into(out, call, pipeline, OPTIONS, Outputs(exports=(ExportFormat.SRT,)), lambda *_: None)
    assert {path.name for path in out.iterdir()} == {"result.json", "result.srt", "notes.csv"}


def test_a_file_that_is_no_result_has_no_recording(tmp_path: Path) -> None:
    for content in ("not JSON", "[]", "{}"):
        (tmp_path / "result.json").write_text(content)
        earlier = EarlierResult.from_folder(tmp_path)
        assert earlier
        assert earlier.filename is None
    assert EarlierResult.from_folder(tmp_path / "result.json") is None
