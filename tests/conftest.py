"""What several test files share: a Hub of their own on loopback, and no contact with the user's Hub account."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

# The client reads these once, when it is imported, so they are set before any test file imports it.
HOME = tempfile.TemporaryDirectory(prefix="polyid-tests-")
os.environ["HF_HOME"] = HOME.name
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_HUB_DISABLE_XET"):
    os.environ.pop(name, None)
for name in ("NO_PROXY", "no_proxy"):
    os.environ[name] = "127.0.0.1,localhost"

LOCAL_HUB = Path(__file__).parents[1] / "scripts" / "local_hub.py"


@dataclass(frozen=True)
class LocalHub:
    endpoint: str
    user: str
    token: str
    root: Path
    process: subprocess.Popen


@contextmanager
def running_local_hub(root: Path, *arguments: str) -> Iterator[LocalHub]:
    """Start ``scripts/local_hub.py`` on a free port and stop it at the end."""
    user, token = "ada", "hf_ada_token_for_tests"
    command = [sys.executable, str(LOCAL_HUB), "--port", "0", "--root", str(root), "--user", user, "--token", token]
    with open(f"{root}.log", "w") as log:
        process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            line = process.stdout.readline()
            assert line.startswith("Local Hub listening on http://"), Path(f"{root}.log").read_text()
            yield LocalHub(line.split()[-1], user, token, root, process)
        finally:
            process.terminate()
            process.wait(timeout=10)
            process.stdout.close()


@pytest.fixture(scope="module")
def local_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """An empty Hub for one test file; use another repository name in each test."""
    with running_local_hub(tmp_path_factory.mktemp("hub") / "root") as hub:
        yield hub
