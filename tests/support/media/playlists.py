"""Small text files that tell a decoder to read something else: a local file, a device, a server.

None may ever succeed, as it would be with the sound of another file; and nothing may be read or fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.support.media.case import NEVER_SUCCEEDS, Case


@dataclass(frozen=True)
class Canary:
    """The target of the playlists: a readable recording and a server that no upload may reach."""

    path: Path
    """Absolute."""
    url: str = "http://127.0.0.1:9/canary.wav"

    @property
    def stream(self) -> Path:
        """The same sound as MPEG-TS, as HLS takes no WAV."""
        return self.path.with_suffix(".ts")


ENTRIES = {
    "path": "{path}",
    "file_url": "file://{path}",
    "file_scheme": "file:{path}",
    "relative": "{path.name}",
    "upwards": "../{path.name}",
    "http": "{url}",
    "subfile": "subfile,,start,0,end,0,,:{path}",
    "concat": "concat:{path}|{path}",
    "cache": "cache:{path}",
    "crypto": "crypto:{path}",
    "data": "data:application/vnd.apple.mpegurl,{path}",
    "passwd": "/etc/passwd",
    "environment": "/proc/self/environ",
    "endless_device": "/dev/zero",
    "own_input": "pipe:0",
}
"""Ways to name another file, for the lists that FFmpeg follows."""

FFCONCAT = "ffconcat version 1.0\nfile '{entry}'\nduration 5\n"
HLS = (
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXT-X-MEDIA-SEQUENCE:0\n"
    "#EXTINF:5.0,\n{entry}\n#EXT-X-ENDLIST\n"
)

LISTS = {
    "hls_master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=64000\nfile://{path}\n",
    "hls_key.m3u8": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="file://{path}"\n#EXTINF:5,\n{url}\n#EXT-X-ENDLIST\n',
    "hls_map.m3u8": '#EXTM3U\n#EXT-X-MAP:URI="file://{path}"\n#EXTINF:5,\nfile://{path}\n#EXT-X-ENDLIST\n',
    "plain.m3u": "#EXTM3U\n#EXTINF:5,canary\n{path}\n",
    "list.pls": "[playlist]\nFile1={path}\nTitle1=canary\nLength1=-1\nNumberOfEntries=1\nVersion=2\n",
    "list.cue": 'FILE "{path}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
    "list.xspf": (
        '<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList>'
        "<track><location>file://{path}</location></track></trackList></playlist>"
    ),
    "list.asx": '<asx version="3.0"><entry><ref href="{url}"/></entry></asx>',
    "list.wax": "[Reference]\r\nRef1={url}\r\nRef2=file://{path}\r\n",
    "list.wpl": '<?wpl version="1.0"?><smil><body><seq><media src="{path}"/></seq></body></smil>',
    "list.smil": '<smil><body><seq><audio src="file://{path}"/></seq></body></smil>',
    "list.ram": "file://{path}\n{url}\n",
    "list.strm": "{url}\n",
    "dash.mpd": (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT5S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
        '<AdaptationSet mimeType="audio/mp4"><Representation id="1" bandwidth="64000">'
        "<BaseURL>file://{path}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    ),
    "entity.mpd": '<?xml version="1.0"?><!DOCTYPE MPD [<!ENTITY canary SYSTEM "file://{path}">]><MPD>&canary;</MPD>',
    "manifest.f4m": '<manifest xmlns="http://ns.adobe.com/f4m/1.0"><media url="{url}"/></manifest>',
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "rtsp_text.mov": "rtsptext\r\nrtsp://127.0.0.1:9/canary\r\n",
    "smooth.ismc": '<SmoothStreamingMedia MajorVersion="2" Duration="50000000"><StreamIndex Type="audio"/>'
    "</SmoothStreamingMedia>",
    "package.cpl": '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"'
    "><Id>urn:uuid:0</Id></CompositionPlaylist>",
    "asset_map.xml": '<?xml version="1.0"?><AssetMap><Path>file://{path}</Path></AssetMap>',
    "metadata.ffmeta": ";FFMETADATA1\ntitle=canary\n[STREAM]\ntitle={path}\n",
    "graph.lavfi": "amovie={path}",
    "session.sap": "\x20\x00\x00\x00\x7f\x00\x00\x01application/sdp\x00v=0\nm=audio 5004 RTP/AVP 0\n",
    "subtitles.idx": "# VobSub index file, v7\nid: en, index: 0\ntimestamp: 00:00:00:000, filepos: 0\n",
    "script.avs": 'WavSource("{path}")\n',
}
"""Lists of other kinds, by the name they are uploaded under."""


def _text(template: str, canary: Canary) -> bytes:
    path = canary.stream if template.startswith("#EXTM3U") else canary.path
    return template.format(path=path, url=canary.url).encode()


def cases(canary: Canary) -> Iterator[Case]:
    for label, entry in ENTRIES.items():
        for name, template in ((f"ffconcat_{label}.mp3", FFCONCAT), (f"hls_{label}.m3u8", HLS)):
            make = partial(_text, template.format(entry=entry), canary)
            yield Case(name, "playlist", NEVER_SUCCEEDS, make)
    for name, template in (("hls_path.wav", HLS), ("hls_path.mp3", HLS), ("ffconcat_path.wav", FFCONCAT)):
        make = partial(_text, template.format(entry="{path}"), canary)
        yield Case(name, "playlist", NEVER_SUCCEEDS, make)
    for name, template in LISTS.items():
        yield Case(name, "playlist", NEVER_SUCCEEDS, partial(_text, template, canary))
