"""Pictures and video without sound, as small as they can be."""

from __future__ import annotations

import io

import av
import numpy as np
from av.container import OutputContainer

SIZE = (64, 48)
FPS = 5
PIXEL_FORMATS = {"png": "rgb24", "gif": "rgb8", "mjpeg": "yuvj420p"}


def _picture(brightness: int) -> av.VideoFrame:
    width, height = SIZE
    return av.VideoFrame.from_ndarray(np.full((height, width, 3), brightness % 256, np.uint8), "rgb24")


def add_video(container: OutputContainer, codec: str) -> av.VideoStream:
    stream = container.add_stream(codec, rate=FPS)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = SIZE
    stream.pix_fmt = PIXEL_FORMATS.get(codec, "yuv420p")
    return stream


def write_video(container: OutputContainer, stream: av.VideoStream, seconds: float) -> None:
    """At least one picture."""
    for index in range(max(1, round(seconds * FPS))):
        container.mux(stream.encode(_picture(index * 7)))
    container.mux(stream.encode(None))


def video_only(container_name: str, codec: str, seconds: float = 1.0) -> bytes:
    """A video file that has no sound track."""
    buffer = io.BytesIO()
    options = {"fflags": "+bitexact"}
    with av.open(buffer, "w", format=container_name, options=options) as container:
        write_video(container, add_video(container, codec), seconds)
    return buffer.getvalue()


def still_image(codec: str) -> bytes:
    """One picture, as the encoder writes it: "png", "mjpeg" (JPEG), "libwebp"."""
    return video_only("gif" if codec == "gif" else "image2pipe", codec, 0)
