"""Headerless sound by its name and by a config; formats that are named where they are not read."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest

from shared.domain.raw_sound import RawCodec, RawSound
from shared.domain.recording import AudioFormat, RecordingWarning
from tests.support.decoder import DECODER
from tests.support.media.case import speech, spoken
from tests.support.media.encode import encoded
from tests.support.media.headerless import SECONDS, dts, headerless, speex_in_wav, sphere_by_shorten
from tests.support.media.wav_headers import wav
from worker.failures import failure_of
from worker.pipeline.errors import UnsupportedMedia
from worker.pipeline.ports import Samples

ADTS_AAC, DTS, RAW_AAC = 0x1600, 0x2001, 0x00FF


def decoded(
    content: bytes, folder: Path, raw: RawSound | None = None
) -> tuple[AudioFormat, Samples, list[RecordingWarning]]:
    (folder / "x").write_bytes(content)
    with (folder / "x").open("rb") as file, DECODER.open(file, raw=raw) as stream:
        sound = np.concatenate(list(stream.blocks()))
        return stream.format, sound, list(stream.warnings)


def likeness(sound: Samples, original: Samples) -> float:
    """The correlation with the original at the best place; codecs have some delay."""
    size = len(sound) + len(original)
    products = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(original, size).conj(), size)
    return float(products.max() / np.linalg.norm(sound.astype(float)) / np.linalg.norm(original.astype(float)))


@pytest.mark.parametrize(
    ("name", "codec", "decoder", "least"),
    [
        ("call.al", "alaw", "pcm_alaw", 0.98),
        ("call.ulaw", "mulaw", "pcm_mulaw", 0.98),
        ("call.sln", "s16le", "pcm_s16le", 0.98),
        ("call.gsm", "gsm", "gsm", 0.9),
        ("call.g722", "g722", "adpcm_g722", 0.98),
        ("call.g729", "g729", "g729", 0.0),
    ],
)
def test_headerless_sound_is_read_by_its_name(
    tmp_path: Path, name: str, codec: RawCodec, decoder: str, least: float
) -> None:
    raw = RawSound.from_name(name)
    audio_format, sound, warnings = decoded(headerless(codec), tmp_path, raw)
    assert (audio_format.codec, audio_format.channels) == (decoder, 1)
    assert audio_format.sample_rate == RawSound(codec).rate
    assert len(sound) == pytest.approx(SECONDS * 16_000, abs=320)
    assert likeness(sound[:, 0], speech(SECONDS)[:, 0]) >= least
    assert warnings == []


@pytest.mark.parametrize(
    ("raw", "dtype"),
    [
        (RawSound("s16le", 48_000, 2), "<i2"),
        (RawSound("s16be", 48_000, 2), ">i2"),
        (RawSound("f32le", 48_000, 2), "<f4"),
        (RawSound("u8", 48_000, 2), "u1"),
    ],
)
def test_headerless_sound_is_read_as_the_config_says(tmp_path: Path, raw: RawSound, dtype: str) -> None:
    left, right = speech(SECONDS, 48_000), speech(SECONDS, 48_000, 1)
    sound = np.concatenate([left, right], axis=1)
    if dtype == "<f4":
        content = (sound / 32_768).astype(dtype).tobytes()
    else:
        content = (sound if dtype != "u1" else (sound >> 8) + 128).astype(dtype).tobytes()
    audio_format, columns, warnings = decoded(content, tmp_path, raw)
    assert (audio_format.sample_rate, audio_format.channels, warnings) == (48_000, 2, [])
    assert likeness(columns[:, 0], speech(SECONDS)[:, 0]) > 0.98
    assert likeness(columns[:, 1], speech(SECONDS, seed=1)[:, 0]) > 0.98


@pytest.mark.parametrize("format_name", ["wav", "flac", "m4a", "opus", "amr"])
def test_a_file_with_a_header_is_read_by_it_whatever_its_name_and_config_say(tmp_path: Path, format_name: str) -> None:
    rate = 8_000 if format_name == "amr" else 16_000
    content = spoken(format_name, SECONDS, rate)
    assert decoded(content, tmp_path, RawSound("alaw"))[0] == decoded(content, tmp_path)[0]


def test_headerless_sound_of_which_nothing_is_said_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMedia) as raised:
        decoded(headerless("alaw"), tmp_path)
    assert "headerless sound needs a name such as call.al" in failure_of(raised.value).message


def test_gsm_and_dts_are_known_by_their_frames(tmp_path: Path) -> None:
    assert decoded(headerless("gsm"), tmp_path)[0].codec == "gsm"
    audio_format, sound, warnings = decoded(dts(), tmp_path)
    assert (audio_format.codec, audio_format.sample_rate, warnings) == ("dts", 8_000, [])
    assert likeness(sound[:, 0], speech(SECONDS)[:, 0]) > 0.9


def test_dts_aac_and_speex_with_frames_that_have_a_length_are_read_from_wav(tmp_path: Path) -> None:
    adts = encoded(speech(SECONDS), 16_000, "aac")
    files = {
        "dts": wav(dts(), tag=DTS, rate=8_000, block_align=1),
        "aac": wav(adts, tag=ADTS_AAC, block_align=1),
        "speex": speex_in_wav(20),
    }
    for codec, content in files.items():
        audio_format, sound, _ = decoded(content, tmp_path)
        assert audio_format.codec == codec
        assert len(sound) == pytest.approx(SECONDS * 16_000, abs=2_500)
        assert likeness(sound[:, 0], speech(SECONDS)[:, 0]) > 0.8


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (sphere_by_shorten(), "compressed by Shorten"),
        (b"MThd\0\0\0\6\0\1\0\2\1\xe0MTrk" + bytes(100), "MIDI"),
        (b"MAC \x96\x0f" + bytes(500), "Monkey's Audio"),
        (wav(tag=0x7A7A), "0x7A7A of WAV"),
        (wav(tag=RAW_AAC), "AAC without the lengths"),
        (speex_in_wav(2), "Speex without the length"),
        (spoken("m4a").replace(b"mp4a", b"drms", 1), "protected"),
    ],
)
def test_what_is_not_read_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(UnsupportedMedia, match=sentence) as raised:
        decoded(content, tmp_path)
    assert failure_of(raised.value).message == str(raised.value)


def test_an_encrypted_movie_is_named(tmp_path: Path) -> None:
    options = {
        "encryption_scheme": "cenc-aes-ctr",
        "encryption_key": "00112233445566778899aabbccddeeff",
        "encryption_kid": "ffeeddccbbaa99887766554433221100",
    }
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(spoken("m4a")), "r") as source,
        av.open(buffer, "w", format="mp4", options=options) as target,
    ):
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    with pytest.raises(UnsupportedMedia, match="protected"):
        decoded(buffer.getvalue(), tmp_path)
