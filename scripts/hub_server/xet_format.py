"""The two binary forms of the Xet protocol: shards, which describe files, and xorbs, which hold their chunks."""

import struct
from collections.abc import Iterator

from lz4.frame import LZ4FrameDecompressor


def xet_hash(raw: bytes) -> str:
    # Xet writes a hash as four little-endian 64-bit numbers.
    return "".join(raw[i : i + 8][::-1].hex() for i in range(0, 32, 8))


def shard_files(shard: bytes) -> Iterator[tuple[str, list[tuple[str, int, int]]]]:
    """Read a Xet shard: yield each file's SHA-256 and its segments (xorb, first chunk, end chunk).

    A shard is a sequence of 48-byte records, as specified in the "Xet protocol" pages of the Hub's documentation: a
    header, then for each file a head, its segments and (by the head's flags) as many verification records and one with
    the SHA-256; a head of 0xFF bytes ends the list.
    """
    if not shard.startswith(b"HFRepoMetaData\0"):
        raise ValueError("this is not a Xet shard")
    at = 48
    while shard[at : at + 32] != b"\xff" * 32:
        flags, count = struct.unpack_from("<II", shard, at + 32)
        at += 48
        segments = []
        for _ in range(count):
            _, _, first, end = struct.unpack_from("<IIII", shard, at + 32)
            segments.append((xet_hash(shard[at : at + 32]), first, end))
            at += 48
        if flags & 0x80000000:
            at += 48 * count
        if not flags & 0x40000000:
            raise ValueError("a file comes without its SHA-256")
        yield xet_hash(shard[at : at + 32]), segments
        at += 48


def unpacked(frame: bytes, length: int) -> bytes:
    """The content of an LZ4 frame that should be `length` bytes; a byte more is enough to see that it isn't."""
    try:
        return LZ4FrameDecompressor().decompress(frame, length + 1)
    except RuntimeError as error:
        raise ValueError(f"a chunk is not an LZ4 frame: {error}") from error


def ungrouped(chunk: bytes) -> bytes:
    """Put back bytes that are grouped by their position in each four."""
    content, start = bytearray(len(chunk)), 0
    for offset in range(4):
        count = len(range(offset, len(chunk), 4))
        content[offset::4] = chunk[start : start + count]
        start += count
    return bytes(content)


def xorb_chunks(xorb: bytes, first: int, end: int) -> Iterator[bytes]:
    """Yield the chunks ``first`` to ``end`` (exclusive) of a xorb.

    Each chunk has 8 bytes of head: version, packed size (3 bytes), packing (0 none, 1 LZ4, 2 LZ4 of the bytes grouped
    by their position in each four), size (3 bytes).
    """
    at = 0
    for index in range(end):
        size, packing = int.from_bytes(xorb[at + 1 : at + 4], "little"), xorb[at + 4]
        length = int.from_bytes(xorb[at + 5 : at + 8], "little")
        packed = xorb[at + 8 : at + 8 + size]
        at += 8 + size
        if index < first:
            continue
        if packing not in (0, 1, 2):
            raise ValueError(f"a chunk is packed in an unknown way ({packing})")
        chunk = packed if packing == 0 else unpacked(packed, length)
        if len(chunk) != length:
            raise ValueError("a chunk has another length than it says")
        yield ungrouped(chunk) if packing == 2 else chunk
