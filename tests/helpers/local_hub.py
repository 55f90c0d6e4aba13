"""A Hub of their own for tests, on loopback: ``scripts/local_hub.py`` in a process."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from helpers.paths import SCRIPTS

LOCAL_HUB = SCRIPTS / "local_hub.py"


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
