"""A Space's app as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.paths import TOP

START_SECONDS = 300
"""Seconds on a quiet machine are ten at most; a test only has to end where a page never comes."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def space(folder: str, place: Path, **environment: str) -> Iterator[str]:
    """Run a Space's app as its own process; yields its address."""
    port = free_port()
    surroundings = {**os.environ, "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), **environment}
    log = place / f"{folder}.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, str(TOP / folder / "app.py")],
            stdout=stream,
            stderr=stream,
            env=surroundings,
            cwd=place,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + START_SECONDS
            while True:
                try:
                    urllib.request.urlopen(url, timeout=5).close()
                    break
                except OSError:
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.2)
            yield url
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(120)
