"""Speech without a header in each coding that telephone systems write, and in codings that no encoder of PyAV writes.

`speech.dts` and `speech.speex.wav` are `case.speech(1.5, 8000, 0)` by Debian's FFmpeg 5.1, with the options
`-c:a dca -strict -2 -b:a 32k` and `-c:a libspeex -b:a 8k`.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import av
import numpy as np
import soundfile

from shared.domain.raw_sound import RawCodec, RawSound
from tests.support.media.case import speech
from tests.support.media.encode import audio_frame, encoded

SECONDS = 1.5
_SUBTYPES = {"alaw": "ALAW", "mulaw": "ULAW", "gsm": "GSM610", "s16le": "PCM_16", "u8": "PCM_U8", "f32le": "FLOAT"}
"""libsndfile's names."""
_G729_FRAME = 10
"""Bytes for 10 ms; any bytes are a frame. There is no free encoder."""


@dataclass(frozen=True)
class Headerless:
    """A file, and how it is to be read; None where FFmpeg knows the format by its frames."""

    raw: RawSound | None
    make: Callable[[], bytes]


@cache
def headerless(codec: RawCodec, seconds: float = SECONDS) -> bytes:
    """Speech at the rate of the codec, without a header; noise for G.729."""
    rate = RawSound(codec).rate
    if codec == "g729":
        return np.random.default_rng(0).bytes(round(seconds * 100) * _G729_FRAME)
    sound = speech(seconds, rate)
    if codec == "g722":
        context = av.CodecContext.create("g722", "w")
        assert isinstance(context, av.AudioCodecContext)
        context.sample_rate, context.format, context.layout = rate, "s16", "mono"
        packets = [*context.encode(audio_frame(sound, rate)), *context.encode(None)]
        return b"".join(map(bytes, packets))
    buffer = io.BytesIO()
    if codec == "s16be":
        return sound.astype(">i2").tobytes()
    soundfile.write(buffer, sound, rate, _SUBTYPES[codec], "LITTLE", format="RAW")
    return buffer.getvalue()


def dts() -> bytes:
    return (Path(__file__).parent / "speech.dts").read_bytes()


def speex_in_wav(block_bytes: int) -> bytes:
    """Speex in WAV, whose frames all have 20 bytes, with a number of bytes in a block as its header says."""
    content = bytearray((Path(__file__).parent / "speech.speex.wav").read_bytes())
    struct.pack_into("<H", content, 32, block_bytes)
    return bytes(content)


def sphere_by_shorten() -> bytes:
    """The start of a compressed NIST SPHERE file."""
    fields = "sample_coding -s26 pcm,embedded-shorten-v2.00\nchannel_count -i 1\nsample_rate -i 16000\nend_head\n"
    return f"NIST_1A\n   1024\n{fields}".encode().ljust(1024) + b"ajkg\x02" + encoded(speech(0.5), 16_000, "wav")[44:]


HEADERLESS: dict[str, Headerless] = {
    **{
        codec: Headerless(RawSound(codec), partial(headerless, codec))
        for codec in ("alaw", "mulaw", "s16le", "s16be", "u8", "f32le", "gsm", "g722", "g729")
    },
    "dts": Headerless(None, dts),
}
