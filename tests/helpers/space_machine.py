"""What runs a Space, played on this machine: the repo as it lies on the local Hub, with the variables and secrets set there."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import HfApi

from helpers.local_hub import LocalHub

START_SECONDS = 300


def space_environment(hub: LocalHub, repo_id: str, folder: Path) -> dict[str, str]:
    """The environment of a Space: nothing of this one but where programs are found."""
    settings = json.loads((hub.root / "spaces" / repo_id / "space.json").read_text())
    given = {name: entry["value"] for group in ("variables", "secrets") for name, entry in settings[group].items()}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HF_HOME": str(folder / "hf-home"),
        "HF_ENDPOINT": hub.endpoint,
        "SYSTEM": "spaces",
        "SPACE_ID": repo_id,
        "SPACE_AUTHOR_NAME": repo_id.partition("/")[0],
        # What the Hub gives to a Space whose README asks for it; nobody logs in here, programs send their token.
        "OAUTH_CLIENT_ID": "client",
        "OAUTH_CLIENT_SECRET": "a client's secret",
        "OAUTH_SCOPES": "openid profile manage-repos",
        "OPENID_PROVIDER_URL": hub.endpoint,
        "NO_PROXY": "127.0.0.1,localhost",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # Stands for the bucket that a Space has at /data.
        "POLYID_RUNS": str(folder / "runs"),
        **given,
    }


def fetched_space(hub: LocalHub, repo_id: str, folder: Path) -> Path:
    """The files of a Space."""
    api = HfApi(endpoint=hub.endpoint, token=hub.token)
    return Path(api.snapshot_download(repo_id, repo_type="space", local_dir=folder / "app"))


@contextmanager
def running_space(hub: LocalHub, repo_id: str, folder: Path, python: str = sys.executable) -> Iterator[str]:
    """A Space at work, by its address; `folder` holds what is its own, its log too."""
    app = fetched_space(hub, repo_id, folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = space_environment(hub, repo_id, folder) | {"GRADIO_SERVER_PORT": str(port)}
    address = f"http://127.0.0.1:{port}"
    with open(folder / "log.txt", "w") as log:
        process = subprocess.Popen(
            [python, "app.py"], cwd=app, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            until = time.monotonic() + START_SECONDS
            while not _answers(address):
                said = (folder / "log.txt").read_text()
                assert process.poll() is None and time.monotonic() < until, said
                time.sleep(0.5)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(address: str) -> bool:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=10):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
