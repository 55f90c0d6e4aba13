"""What is kept of a run outside its machine until its model is published: a Space loses its disk with a pause."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from polyid.bundle.layout import CHECKPOINTS_FOLDER, is_bundle_file
from polyid.errors import PolyIDError
from polyid.runs.record import HELD_OUT_FILE, Run, read

LEAST_SECONDS = 300.0
"""Between two backups; a run that takes less is never kept. ``POLYID_BACKUP_SECONDS`` sets another number."""
MOST_SHARE = 0.05
"""Of the time, spent on sending what there is."""
ENDING_SECONDS = 60.0
"""How long a transfer may take to end when training has."""


def is_wanted(runs: Path) -> bool:
    """Whether runs of this folder have to be kept elsewhere: where a Space's disk is lost with it.

    ``POLYID_BACKUP`` may say ``always`` or ``never``.
    """
    said = os.environ.get("POLYID_BACKUP", "").strip().lower()
    if said in ("always", "never"):
        return said == "always"
    return os.environ.get("SPACE_ID") is not None and not is_mounted(runs)


def least_seconds() -> float:
    """Seconds between two backups, of which ``POLYID_BACKUP_SECONDS`` may say another number."""
    try:
        said = float(os.environ.get("POLYID_BACKUP_SECONDS") or LEAST_SECONDS)
    except ValueError:
        return LEAST_SECONDS
    return said if 0 < said <= threading.TIMEOUT_MAX else LEAST_SECONDS


def is_mounted(folder: Path) -> bool:
    """Whether a folder lies on storage of its own, such as a bucket mounted at ``/data``."""
    absolute = folder.absolute()
    return any(os.path.ismount(parent) for parent in [absolute, *absolute.parents] if parent != Path(absolute.anchor))


def files_to_keep(run: Run, with_table: bool) -> Iterator[tuple[str, Path]]:
    """Files that a run can be gone on with from, by their names in its folder.

    Parameters
    ----------
    run : Run
    with_table : bool
        Also what shows rows of the table: what is kept in a public repo can be seen by everybody.
    """
    names = ["request.json", "record.json", "progress.csv"]
    if with_table:
        names += [run.request.data, HELD_OUT_FILE]
    yield from ((name, run.folder / name) for name in names)
    if run.trained:
        for path in sorted(run.bundle.rglob("*")):
            name = path.relative_to(run.bundle).as_posix()
            if is_bundle_file(name):
                yield f"model/{name}", path
        return
    checkpoints = run.bundle / CHECKPOINTS_FOLDER
    # The record beside the arrays is written last; of checkpoints the newest is enough.
    records = [*checkpoints.glob("fold-*.json"), *sorted(checkpoints.glob("checkpoint-*.json"))[-1:]]
    for path in sorted(records):
        for part in (path, path.with_suffix(".safetensors")):
            yield f"model/{CHECKPOINTS_FOLDER}/{part.name}", part


class Backup:
    """Keeps a run on its working branch while it trains, in a thread; whatever fails is noted, and stops nothing.

    Parameters
    ----------
    run : Run
    token : str or None
    note : callable
        Told of each try, as `polyid.runs.Record.kept` has it.
    """

    def __init__(self, run: Run, token: str | None, note: Callable[[dict[str, Any]], None]):
        self.folder, self.token, self.note = run.folder, token, note
        self.request = run.request
        self.wanted = run.request.backup and run.request.publish
        self.kept = run.record.kept or {}
        self.seen: list[str] = []
        self._ended, self._lock = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Backup:
        if self.wanted:
            self._thread = threading.Thread(target=self._forever, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(ENDING_SECONDS)

    def last(self) -> None:
        """Keep what there is when a run ends before its model is published."""
        # A transfer that doesn't end is not waited for longer than it was.
        if self.wanted and self._lock.acquire(timeout=1.0):
            self._lock.release()
            self._keep()

    def forget(self) -> None:
        """Delete the working branch: the model is published."""
        if not self.wanted or self.kept.get("at") is None:
            return
        from polyid.hub.working import forget_working

        for repo_id in {self.request.repo_id, self.kept["repo_id"]}:
            try:
                forget_working(repo_id, self.folder.name, self.token)
            except Exception:
                traceback.print_exc()

    def _forever(self) -> None:
        least = least_seconds()
        pause = least
        while not self._ended.wait(pause):
            began = time.monotonic()
            # Looking for what is new costs nothing: only a transfer is paid for with a pause.
            sent = self._keep()
            pause = max(least, (time.monotonic() - began) / MOST_SHARE) if sent else least

    def _keep(self) -> bool:
        """Send what is new; whether there was anything."""
        from polyid.hub.working import WORKING_PREFIX, is_private_repo, keep_working

        with self._lock:
            kept = {"repo_id": self.request.repo_id, "branch": WORKING_PREFIX + self.folder.name}
            try:
                run = read(self.folder)
                present = [name for name, _ in files_to_keep(run, False) if name.startswith("model/")]
                if not present or present == self.seen:
                    return False
                with_table = is_private_repo(self.request.repo_id, self.token)
                with self._snapshot(run, with_table) as files:
                    keep_working(
                        self.request.repo_id,
                        self.folder.name,
                        files,
                        title=f"Keep what is finished of run {self.folder.name}",
                        private=self.request.private,
                        token=self.token,
                    )
                self.seen = present
                self.kept = {**kept, "at": time.time(), "error": None}
            except Exception as problem:
                if not isinstance(problem, PolyIDError):
                    traceback.print_exc()
                said = str(problem) if isinstance(problem, PolyIDError | OSError) else type(problem).__name__
                self.kept = {**kept, "at": self.kept.get("at"), "error": said}
            self.note(self.kept)
            return True

    @contextlib.contextmanager
    def _snapshot(self, run: Run, with_table: bool) -> Iterator[dict[str, Path]]:
        """The files as they are now, whatever training does with them meanwhile."""
        place = self.folder / ".backup"
        shutil.rmtree(place, ignore_errors=True)
        files = {}
        try:
            for name, path in files_to_keep(run, with_table):
                target = place / name
                target.parent.mkdir(parents=True, exist_ok=True)
                # What was replaced since it was listed is in the next backup.
                with contextlib.suppress(FileNotFoundError):
                    _linked(path, target)
                    files[name] = target
            yield _whole(files)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _linked(path: Path, target: Path) -> None:
    """The same content under another name; a file that grows is copied."""
    if path.suffix != ".csv":
        with contextlib.suppress(OSError):
            os.link(path, target)
            return
    shutil.copyfile(path, target)


def _whole(files: dict[str, Path]) -> dict[str, Path]:
    """Without records whose arrays are gone, and without arrays whose record is."""
    folder = f"model/{CHECKPOINTS_FOLDER}/"
    pairs = {name.rpartition(".")[0] for name in files if name.startswith(folder)}
    halves = {pair for pair in pairs if not {f"{pair}.json", f"{pair}.safetensors"} <= set(files)}
    return {name: path for name, path in files.items() if name.rpartition(".")[0] not in halves}
