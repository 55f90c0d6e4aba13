"""Chunks of a xorb, packed here by the lz4 package and laid out by hand."""

import lz4.frame
import pytest
from hub_server.xet_format import xorb_chunks

CONTENT = bytes(range(256)) * 10 + b"tail"


def chunk(content: bytes, packing: int, packed: bytes, length: int | None = None) -> bytes:
    size = len(content) if length is None else length
    return bytes([0]) + len(packed).to_bytes(3, "little") + bytes([packing]) + size.to_bytes(3, "little") + packed


def test_chunks_of_every_packing_are_unpacked():
    grouped = b"".join(CONTENT[start::4] for start in range(4))
    xorb = (
        chunk(CONTENT, 0, CONTENT)
        + chunk(CONTENT, 1, lz4.frame.compress(CONTENT))
        + chunk(CONTENT, 2, lz4.frame.compress(grouped))
    )
    assert list(xorb_chunks(xorb, 0, 3)) == [CONTENT] * 3
    assert list(xorb_chunks(xorb, 1, 2)) == [CONTENT]


@pytest.mark.parametrize(
    "xorb",
    [
        chunk(CONTENT, 1, b"no LZ4 frame at all"),
        chunk(CONTENT, 1, lz4.frame.compress(CONTENT)[:-20]),
        chunk(CONTENT, 1, lz4.frame.compress(CONTENT), length=7),
        chunk(CONTENT, 0, CONTENT, length=7),
        chunk(CONTENT, 3, CONTENT),
    ],
    ids=["no frame", "cut short", "longer than it says", "unpacked and longer than it says", "unknown packing"],
)
def test_damaged_chunks_are_refused(xorb):
    with pytest.raises(ValueError, match="chunk"):
        list(xorb_chunks(xorb, 0, 1))


def test_a_small_frame_of_much_content_is_not_unpacked_whole():
    frame = lz4.frame.compress(bytes(2**26))
    with pytest.raises(ValueError, match="another length"):
        list(xorb_chunks(chunk(b"", 1, frame, length=10), 0, 1))
