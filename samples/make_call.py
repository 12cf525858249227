"""Makes the demo recording: a synthetic support call, agent on the left, customer on the right.

Needs the program espeak-ng. Reads `call_script.json`, writes `call.opus` and the ground truth `call.json`.
Run: `python samples/make_call.py` (`--help` for options). The same espeak-ng gives the same files.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from dataclasses import dataclass, field
from math import gcd
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import av
import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

Audio = npt.NDArray[np.float64]

RATE = 16_000
WAV_HEADER_BYTES = 44
CHANNEL = {"agent": 0, "customer": 1}
BREATH_S = (0.3, 0.6)
EFFORT_FROM_HZ = 200
LINE_NOISE_DBFS = -65.0
HOLD_MUSIC_DBFS = -32.0
BIT_RATE = 28_000
TAIL_S = 1.0
SEED = 20


@dataclass
class Track:
    """The call while it is being laid out; positions are samples at `RATE`."""

    rng: np.random.Generator
    pieces: list[tuple[int, int, Audio]] = field(default_factory=list)
    """(start, channel, mono audio in -1..1)"""
    turns: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    position: int = 0

    def pause(self, seconds: float) -> None:
        """Move the current position by `seconds` of silence."""
        self.position += round(seconds * RATE)

    def place(self, channel: int, audio: Audio) -> dict[str, int]:
        """Put `audio` at the current position and return its half-open span in milliseconds."""
        start = self.position
        self.pieces.append((start, channel, audio))
        self.position += len(audio)
        return {"start_ms": _ms(start), "end_ms": _ms(self.position)}


def _ms(position: int) -> int:
    return round(position * 1000 / RATE)


def _gain(audio: Audio, dbfs: float) -> Audio:
    """Scale to an RMS level, with soft saturation of peaks, as in a telephone, so that nothing clips."""
    rms = np.sqrt(np.mean(audio**2))
    return np.asarray(np.tanh(audio * (10 ** (dbfs / 20) / rms)), dtype=np.float64)


def _trim(audio: Audio) -> Audio:
    """Cut espeak's silence at both ends, so that only the script sets the pauses."""
    loud = np.flatnonzero(np.abs(audio) > 0.01 * np.abs(audio).max())
    return audio[loud[0] : loud[-1] + 1]


def _soften(audio: Audio, db_per_octave: float) -> Audio:
    """Tilt the spectrum like a voice with less effort; espeak-ng always speaks with the same effort."""
    frequency = np.fft.rfftfreq(len(audio), 1 / RATE)
    octaves = np.log2(np.maximum(frequency, EFFORT_FROM_HZ) / EFFORT_FROM_HZ)
    tilted = np.fft.rfft(audio) * 10 ** (-db_per_octave * octaves / 20)
    return np.asarray(np.fft.irfft(tilted, len(audio)), dtype=np.float64)


def speak(text: str, voice: str, mood: dict[str, Any]) -> Audio:
    """Synthesise a phrase as mono audio at `RATE`, with the mood's rate, pitch, pitch range, effort and level."""
    ssml = f'<speak><prosody range="{mood["range"]}">{escape(text)}</prosody></speak>'
    options = ["-m", "-z", "-v", voice, "-s", str(mood["rate"]), "-p", str(mood["pitch"]), "--stdout"]
    wav = subprocess.run(["espeak-ng", *options, ssml], capture_output=True, check=True).stdout
    # espeak-ng writes wrong sizes into the header when it writes to a pipe: take the rest of the file
    rate = int.from_bytes(wav[24:28], "little")
    samples = np.frombuffer(wav[WAV_HEADER_BYTES:], "<i2").astype(np.float64)
    common = gcd(rate, RATE)
    audio = resample_poly(samples, RATE // common, rate // common)
    return _gain(_soften(_trim(audio), mood["tilt_db"]), mood["level_dbfs"])


def hold_music(seconds: float) -> Audio:
    """Return a soft broken chord of plucked sines."""
    step = round(0.25 * RATE)
    time = np.arange(2 * step) / RATE
    audio = np.zeros(round(seconds * RATE) + 2 * step)
    chord = (262, 330, 392, 523, 392, 330, 220, 262, 330, 440, 330, 262)
    for index, start in enumerate(range(0, round(seconds * RATE), step)):
        tone = np.sin(2 * np.pi * chord[index % len(chord)] * time) * np.exp(-5 * time)
        audio[start : start + 2 * step] += tone
    return _gain(audio[: round(seconds * RATE)], HOLD_MUSIC_DBFS)


def say_turn(track: Track, turn: dict[str, Any], script: dict[str, Any]) -> None:
    """Put the phrases of a turn on the track, with breaths between them."""
    channel = CHANNEL[turn["speaker"]]
    spans = []
    for index, text in enumerate(turn["phrases"]):
        if index:
            track.pause(track.rng.uniform(*BREATH_S))
        audio = speak(text, script["voices"][turn["speaker"]], script["moods"][turn["mood"]])
        spans.append({**track.place(channel, audio), "text": text})
    track.turns.append(
        {
            "start_ms": spans[0]["start_ms"],
            "end_ms": spans[-1]["end_ms"],
            "channel": channel,
            "speaker": turn["speaker"],
            "mood": turn["mood"],
            "text": " ".join(turn["phrases"]),
            "phrases": spans,
        }
    )


def lay_out(script: dict[str, Any]) -> Track:
    """Put all turns and the hold music of a script on a track."""
    track = Track(np.random.default_rng(SEED))
    for turn in script["turns"]:
        track.pause(turn["gap_s"])
        if "hold_s" in turn:
            span = track.place(CHANNEL["agent"], hold_music(turn["hold_s"]))
            track.events.append({**span, "channel": CHANNEL["agent"], "event": "hold_music"})
        else:
            say_turn(track, turn, script)
    track.pause(TAIL_S)
    return track


def mix(track: Track) -> npt.NDArray[np.int16]:
    """Mix a track to int16 [samples, 2], with independent line noise on each channel."""
    noise = 10 ** (LINE_NOISE_DBFS / 20)
    call = track.rng.normal(scale=noise, size=(track.position, len(CHANNEL)))
    for start, channel, audio in track.pieces:
        call[start : start + len(audio), channel] += audio
    return np.round(np.clip(call, -1.0, 1.0) * 32767).astype(np.int16)


def write_opus(call: npt.NDArray[np.int16], path: Path) -> None:
    """Write int16 [samples, 2] as Ogg Opus."""
    # bitexact: no random Ogg serial number and no encoder version, so the file can be compared
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=RATE)
        stream.layout = "stereo"
        stream.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(call).reshape(1, -1), "s16", "stereo")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    samples = Path(__file__).parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=samples, help="folder to write to (default: %(default)s)")
    out = parser.parse_args().out
    track = lay_out(json.loads((samples / "call_script.json").read_text()))
    write_opus(mix(track), out / "call.opus")
    truth = {"duration_ms": _ms(track.position), "turns": track.turns, "events": track.events}
    (out / "call.json").write_text(json.dumps(truth, indent=1) + "\n")
    size = (out / "call.opus").stat().st_size
    print(f"{out / 'call.opus'}: {track.position / RATE:.1f} s, {size} bytes")


if __name__ == "__main__":
    main()
