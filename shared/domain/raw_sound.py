"""Headerless sound, as telephone systems write it: how to read it, by the name of its file or by a job's config."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import ClassVar, Literal, Self, get_args

RawCodec = Literal["alaw", "mulaw", "s16le", "s16be", "u8", "f32le", "gsm", "g722", "g729"]

RAW_CODECS: tuple[RawCodec, ...] = get_args(RawCodec)
SINGLE_RATES: dict[RawCodec, int] = {"gsm": 8_000, "g722": 16_000, "g729": 8_000}
"""Hz, of the codecs that have one rate, and one channel."""
_TELEPHONE_RATE = 8_000
_LOWEST_RATE, _HIGHEST_RATE = 1_000, 768_000
_MOST_CHANNELS = 64


@dataclass(frozen=True, slots=True)
class RawSound:
    """How to read a file without a header. A file that begins with the mark of a format is read as that format."""

    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    codec: RawCodec
    """`alaw` and `mulaw` are G.711; `s16le`, `s16be`, `u8` and `f32le` are PCM of 16 and 8 bits and of floats; `gsm` is
    GSM 06.10, full rate; `g722`, `g729`."""

    sample_rate: int | None = None
    """Hz, 1,000 to 768,000; by default 8,000. `gsm`, `g722` and `g729` have their own."""

    channels: int = 1
    """Channels, interleaved, 1 to 64; `gsm`, `g722` and `g729` have one."""

    def __post_init__(self) -> None:
        if self.codec not in RAW_CODECS:
            raise ValueError(f"raw.codec must be one of {', '.join(RAW_CODECS)}, not {self.codec}")
        fixed = SINGLE_RATES.get(self.codec)
        if fixed and (self.channels != 1 or self.sample_rate not in (None, fixed)):
            raise ValueError(f"raw.codec {self.codec} has one channel and {fixed} Hz")
        if self.sample_rate is not None and not _LOWEST_RATE <= self.sample_rate <= _HIGHEST_RATE:
            raise ValueError(f"raw.sample_rate must be from {_LOWEST_RATE} to {_HIGHEST_RATE}, not {self.sample_rate}")
        if not 1 <= self.channels <= _MOST_CHANNELS:
            raise ValueError(f"raw.channels must be from 1 to {_MOST_CHANNELS}, not {self.channels}")

    @property
    def rate(self) -> int:
        """The sample rate in Hz."""
        return self.sample_rate or SINGLE_RATES.get(self.codec, _TELEPHONE_RATE)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `codec`, `codec:sample_rate` or `codec:sample_rate:channels`. Raises ValueError."""
        codec, *numbers = text.split(":")
        if len(numbers) > 2 or not all(number.isdecimal() for number in numbers):
            raise ValueError(f"raw must be like alaw, s16le:16000 or s16le:16000:2, not {text}")
        rate, channels = [*map(int, numbers), None, None][:2]
        return cls(codec, rate, 1 if channels is None else channels)  # type: ignore[arg-type]

    @classmethod
    def from_name(cls, filename: str) -> Self | None:
        """Return how to read a file of this name: None unless it ends as those of headerless sound of one kind do."""
        suffix = PurePosixPath(filename).suffix.lower().removeprefix(".")
        if suffix in _LINEAR_RATES:
            return cls("s16le", _LINEAR_RATES[suffix])
        return cls(_SUFFIXES[suffix]) if suffix in _SUFFIXES else None


_SUFFIXES: dict[str, RawCodec] = {
    "al": "alaw",
    "alaw": "alaw",
    "ul": "mulaw",
    "ulaw": "mulaw",
    "mulaw": "mulaw",
    "gsm": "gsm",
    "g722": "g722",
    "g729": "g729",
}
_LINEAR_RATES = {
    f"{name}{suffix}": rate
    for name in ("sln", "slin")
    for suffix, rate in {
        "": 8_000,
        "12": 12_000,
        "16": 16_000,
        "24": 24_000,
        "32": 32_000,
        "44": 44_100,
        "48": 48_000,
        "96": 96_000,
        "192": 192_000,
    }.items()
}
"""Signed linear sound of Asterisk by suffix, with its Hz."""
