from __future__ import annotations

import pytest

from shared.settings import Settings
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.pipeline_builder import VOICE_DETECTORS, Pipeline, build_decoder, build_encoder


@pytest.fixture(scope="session")
def pipeline(mini_model: Emotion2vecModel) -> Pipeline:
    settings = Settings()
    return Pipeline(
        build_decoder(settings), VOICE_DETECTORS, settings.max_segments, mini_model, build_encoder(settings)
    )
