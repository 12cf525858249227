from __future__ import annotations

import pytest

from api.byte_range import ranged_response

NAMES = {"Content-Disposition": 'inline; filename="call-000.flac"'}


@pytest.mark.parametrize(
    ("header", "content", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=3-3", b"3", "bytes 3-3/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
        ("bytes=6-", b"6789", "bytes 6-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
    ],
)
def test_a_range_is_answered_with_its_bytes(header: str, content: bytes, content_range: str) -> None:
    response = ranged_response(b"0123456789", "audio/flac", NAMES, header)
    assert (response.status_code, response.body) == (206, content)
    assert response.headers["content-range"] == content_range


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=5-3", "bytes=-0"])
def test_a_range_without_content_cannot_be_satisfied(header: str) -> None:
    response = ranged_response(b"0123456789", "audio/flac", NAMES, header)
    assert (response.status_code, response.headers["content-range"]) == (416, "bytes */10")


@pytest.mark.parametrize("header", ["bytes=", "bytes=-", "bytes=a-b", "lines=1-2", "", f"bytes={'9' * 5000}-"])
def test_a_malformed_range_is_a_bad_request(header: str) -> None:
    assert ranged_response(b"0123456789", "audio/flac", NAMES, header).status_code == 400


@pytest.mark.parametrize("header", [None, "bytes=1-2,4-5"])
def test_without_a_range_or_with_several_all_is_sent(header: str | None) -> None:
    response = ranged_response(b"0123456789", "audio/flac", NAMES, header)
    assert (response.status_code, response.body) == (200, b"0123456789")
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-disposition"] == NAMES["Content-Disposition"]
