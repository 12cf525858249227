"""Copies of recordings that browsers do not play exactly as they came."""

from __future__ import annotations

import io
from threading import Event

import av
import numpy as np
import pytest

from shared.container import Services
from shared.domain.options import JobOptions, RetentionOptions
from shared.domain.playback_errors import AudioCopyPending, AudioNotPlayable
from shared.services.object_keys import audio_prefix, copy_key, source_key
from tests.support.media.encode import encoded
from tests.support.media.speech import speech_like
from worker.container import prepare_work
from worker.pipeline_builder import build_decoder

RATE = 16_000
TURNS = np.stack([speech_like(12, seed=4).samples, np.zeros(12 * RATE, np.int16)], axis=1)
TURNS[5 * RATE :, 1] = speech_like(7, seed=6).samples


def prepared(services: Services, kind: str, options: JobOptions) -> str:
    with services.submission.begin() as upload:
        upload.write(encoded(TURNS, RATE, kind))
        job_id = upload.commit("客户 1.aiff", options).id
    work_off(services)
    return job_id


def work_off(services: Services) -> None:
    """Do the work of the queue `prepare` until there is none, as a worker does."""
    work = prepare_work(services, build_decoder(services.settings), Event())
    while work.run_once():
        pass


def heard(content: bytes) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The sound of a file as a player gives it, [channels, samples] at 16 kHz."""
    resampler = av.AudioResampler("fltp", None, RATE)
    with av.open(io.BytesIO(content), "r") as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray() for frame in [*frames, *resampler.resample(None)]], axis=1)


def test_a_copy_has_the_sound_at_its_time_and_goes_with_the_recording(services: Services) -> None:
    job_id = prepared(services, "aiff", JobOptions(channels="split", retention=RetentionOptions(audio_s=0)))
    with pytest.raises(AudioCopyPending):
        services.playback.recording(job_id)
    work_off(services)
    copy = services.playback.recording(job_id)
    assert (copy.filename, copy.media_type) == ("客户 1.ogg", "audio/ogg")
    content = b"".join(copy.blocks(range(copy.size)))
    assert len(content) == copy.size < 0.3 * len(services.object_store.read(source_key(job_id)))
    sound = heard(content)
    assert abs(sound.shape[1] - len(TURNS)) <= 0.02 * RATE
    for channel in range(2):
        copied, original = sound[channel], TURNS[: sound.shape[1], channel] / 32_768
        spectrum = np.fft.rfft(copied, 1 << 19) * np.conj(np.fft.rfft(original, 1 << 19))
        late = int(np.argmax(np.fft.irfft(spectrum)))
        assert min(late, (1 << 19) - late) <= 0.005 * RATE
    services.cancellation.cancel(job_id)
    services.sweeper.run()
    assert services.object_store.sizes(audio_prefix(job_id)) == {}


def test_a_recording_of_which_no_copy_can_be_made_is_not_tried_for_ever(services: Services) -> None:
    job_id = prepared(services, "aiff", JobOptions())
    with pytest.raises(AudioCopyPending):
        services.playback.recording(job_id)
    with services.object_store.writer(source_key(job_id)) as writer:
        writer.write(b"FORM" + bytes(1000))
    work_off(services)
    with pytest.raises(AudioNotPlayable):
        services.playback.recording(job_id)
    assert copy_key(job_id) not in services.object_store.sizes(audio_prefix(job_id))
