"""Files of the store: JSON written whole or not at all, and the ids that git and LFS give to contents."""

import hashlib
import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

from fastapi.responses import Response


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


def event_stream(log: Path, tail: int | None = None) -> Response:
    """The lines of a log as server-sent events; a client that follows it comes back for those that are written later."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    first = max(0, len(lines) - tail) if tail is not None else 0
    written = stamp(datetime.fromtimestamp(log.stat().st_mtime, UTC)) if lines else ""
    events = [f"data: {json.dumps({'timestamp': written, 'data': line})}\n\n" for line in lines[first:]]
    return Response("".join(events), media_type="text/event-stream")
