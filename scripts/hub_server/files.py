"""Files of the store: JSON written whole or not at all, and the ids that git and LFS give to contents."""

import asyncio
import hashlib
import json
import os
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from fastapi.responses import Response, StreamingResponse


def stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def now() -> str:
    return stamp(datetime.now(UTC))


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, value: dict) -> None:
    """Write a JSON file so that a reader, or a restart after a crash, sees all of it or the former one."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with open(temporary, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def git_blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def lfs_pointer(sha256: str, size: int) -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def log_events(log: Path, first: int) -> list[str]:
    """The lines of a log from one on, as server-sent events."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    written = stamp(datetime.fromtimestamp(log.stat().st_mtime, UTC)) if lines else ""
    return [f"data: {json.dumps({'timestamp': written, 'data': line})}\n\n" for line in lines[first:]]


def event_stream(log: Path, ended: Callable[[], bool] = lambda: True, tail: int | None = None) -> Response:
    """The lines of a log, and those written later, until what writes them has ended."""
    first = max(0, len(log_events(log, 0)) - tail) if tail is not None else 0

    async def events() -> AsyncIterator[str]:
        sent, last = first, False
        while not last:
            last = ended()  # asked before the log is read: what was written until then is sent
            new = log_events(log, sent)
            sent += len(new)
            yield "".join(new) or ": waiting\n\n"
            await asyncio.sleep(0 if last else 0.2)

    return StreamingResponse(events(), media_type="text/event-stream")
