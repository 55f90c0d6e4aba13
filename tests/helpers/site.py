"""The site of the documentation, built as a reader builds it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from helpers.paths import TOP


def build_site(folder: Path) -> Path:
    """Build the site strictly into a folder, and return it; what mkdocs complains of fails the test."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", str(TOP / "docs" / "mkdocs.yml")]
    done = subprocess.run([*command, "-d", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
