"""Build the pipeline of the settings: decoder, voice detectors and model. Imports no database and no service."""

from __future__ import annotations

from dataclasses import dataclass

from shared.settings import Settings
from worker.adapters.campplus.encoder import CampplusEncoder
from worker.adapters.decoding.decoder import FfmpegDecoder
from worker.adapters.emotion2vec.model import Emotion2vecModel
from worker.adapters.silero_vad import SileroVoiceDetector
from worker.adapters.webrtc_vad import WebRtcVoiceDetector
from worker.pipeline.ports import AudioDecoder, SpeakerEncoder, VoiceDetectors

VOICE_DETECTORS: VoiceDetectors = {"webrtc": WebRtcVoiceDetector, "silero": SileroVoiceDetector}


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The adapters and limits of an analysis. Close `model` when done."""

    decoder: AudioDecoder
    detectors: VoiceDetectors
    max_segments: int
    model: Emotion2vecModel
    encoder: SpeakerEncoder


def build_decoder(settings: Settings) -> AudioDecoder:
    """The decoder with the limits of the settings."""
    return FfmpegDecoder(settings.max_duration_s, settings.decode_timeout_s)


def build_model(settings: Settings) -> Emotion2vecModel:
    """The model of the settings; its process starts with the first use. Close it when done.

    Raises:
        ModelUnavailable: there can be no model of that name.
    """
    return Emotion2vecModel(
        settings.model,
        settings.device,
        settings.precision,
        segment_timeout_s=settings.segment_timeout_s,
        batch_s=settings.batch_audio_s,
        models_dir=settings.models_dir,
    )


def build_encoder(settings: Settings) -> SpeakerEncoder:
    """The speaker encoder of the settings, which is read at its first use."""
    return CampplusEncoder(settings.resolved_speaker_model())


def build_pipeline(settings: Settings) -> Pipeline:
    """The pipeline of the settings. Raises ModelUnavailable when there can be no model of the name they give."""
    model, encoder = build_model(settings), build_encoder(settings)
    return Pipeline(build_decoder(settings), VOICE_DETECTORS, settings.max_segments, model, encoder)
