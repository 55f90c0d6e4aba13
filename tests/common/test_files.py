"""Files are whole or absent, whatever happens while they are written; there is one cache folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from helpers.paths import TOP, program_environment

from polyid.common import files


def test_a_failed_write_leaves_the_former_file_and_nothing_else(tmp_path):
    path = tmp_path / "record.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(path, {"a": float("nan")})
    with pytest.raises(KeyboardInterrupt), files.replacing(path) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt
    assert files.read_json(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["record.json"]


def test_a_killed_writer_leaves_the_former_file(tmp_path):
    path = tmp_path / "table.csv"
    files.write_text(path, "former\r\n")
    program = (
        "import os, signal, sys; from polyid.common.files import replacing\n"
        "with replacing(sys.argv[1]) as stream:\n"
        "    stream.write(b'half'); stream.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    assert subprocess.run(command, env=program_environment(), check=False).returncode == -signal.SIGKILL
    assert path.read_bytes() == b"former\r\n"


def test_readers_meet_whole_files_while_several_write(tmp_path):
    path = tmp_path / "record.json"
    contents = [{"number": number, "text": str(number) * 5000} for number in range(4)]
    files.write_json(path, contents[0])

    def write(content: dict) -> None:
        for _ in range(25):
            files.write_json(path, content)

    writers = [threading.Thread(target=write, args=(content,)) for content in contents]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert files.read_json(path) in contents
    assert os.listdir(tmp_path) == ["record.json"]


def test_a_written_file_is_as_open_to_others_as_any_other(tmp_path):
    """A cache or a training set made by one user is read by others: a temporary file's 0600 must not remain."""
    (tmp_path / "plain").write_bytes(b"")
    files.write_bytes(tmp_path / "written", b"")
    assert (tmp_path / "written").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_the_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("POLYID_CACHE", str(tmp_path / "here"))
    assert files.cache_folder() == tmp_path / "here"
    assert files.cache_folder("data") == tmp_path / "here" / "data"
    monkeypatch.delenv("POLYID_CACHE")
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert files.cache_folder("graphs") == tmp_path / "polyid" / "graphs"


def test_nobody_else_writes_files_atomically_or_looks_for_the_cache():
    """There were nine writers and three cache folders that disagreed."""
    signs = re.compile(r"os\.replace|mkstemp|NamedTemporaryFile|fsync|POLYID_CACHE\"|XDG_CACHE_HOME")
    seen = {
        path.relative_to(TOP).as_posix()
        for folder in ("polyid", "trainer_space", "inference_space", "scripts/studies")
        for path in Path(TOP, folder).rglob("*.py")
        if signs.search(path.read_text(encoding="utf-8"))
    }
    # Rows are appended to a table and synced; they are no file that is replaced.
    assert seen == {"polyid/common/files.py", "polyid/inference/resumable_table.py"}
