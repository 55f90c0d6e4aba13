"""What the browser tests share: Chromium, its flags, a Space as a process of its own, and what axe-core finds."""

from __future__ import annotations

import os
import shutil
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

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Nothing here takes ten seconds on a quiet machine; a test only has to end where what it waits for never comes.
PATIENCE = 300_000  # ms

# Gradio's own footer is not ours to mend.
NOT_OURS = ["footer"]


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
            deadline = time.monotonic() + PATIENCE / 1000
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


def serious(page, part: str | None = None) -> list[str]:
    """What axe-core finds that keeps somebody from using the page, a frame, or a part of it."""
    from axe_playwright_python.sync_playwright import Axe

    context = {"include": [[part]]} if part else {"exclude": [[part] for part in NOT_OURS]}
    found = Axe().run(page, context=context).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['target']} {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]
