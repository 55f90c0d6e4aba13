"""Runs that a machine lost with its disk: found on the working branches of a model repo, fetched, checked, gone on with."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from polyid.bundle.files import plain_file
from polyid.bundle.layout import STARTER_NAME
from polyid.bundle.manifest import check_model_folder, check_saved_files
from polyid.bundle.tensors import read_arrays
from polyid.common.files import sha256, write_json
from polyid.common.progress import duration
from polyid.data.catalogue import SOURCES, bundled_tables
from polyid.data.download import fetch_source
from polyid.errors import BundleError, HubError, PolyIDError, TrainingError
from polyid.hub.destination import check_names, split_repo_and_revision
from polyid.hub.working import Working, fetch_working, list_working
from polyid.runs.kept_schema import RUN_NAME, check_checkpoint, is_kept_file, most_bytes, read_record, read_request
from polyid.runs.launch import check_settings, locked, whole_or_gone
from polyid.runs.record import Run, read
from polyid.runs.states import Record, Request

MOST_OFFERED = 20
RECENT_SECONDS = 900.0
"""A run that was kept so recently may still be at work elsewhere."""


@dataclass(frozen=True)
class KeptRun:
    """A run on a working branch.

    Attributes
    ----------
    working : Working
    request : Request or None
        None where what lies there is no run.
    record : Record or None
    """

    working: Working
    request: Request | None
    record: Record | None

    @property
    def line(self) -> str:
        """The run, how far it came and when it was kept, in a line."""
        if self.request is None or self.record is None:
            return f"{self.working.name}: what is kept of it can't be read"
        at = self.record.updated or self.record.created or time.time()
        reached = self.record.line.partition(" · ETA")[0].partition(" · loss")[0]
        ago = max(0.0, time.time() - at)
        recent = "; it may still be at work elsewhere" if ago < RECENT_SECONDS else ""
        return f"{self.working.name}: {self.request.preset}, {reached}; kept {duration(ago)} ago{recent}"


def unfinished(repo_id: str, runs: str | Path, token: str | None) -> list[KeptRun]:
    """The runs on a repo's working branches that this machine does not have, the newest first.

    Raises
    ------
    HubError
        The Hub refuses, or can't be reached.
    """
    found = []
    for working in list_working(repo_id, token)[:MOST_OFFERED]:
        if not RUN_NAME.fullmatch(working.name) or (Path(runs) / working.name).exists():
            continue
        try:
            folder, _ = fetch_working(working, {"request.json", "record.json"}.__contains__, most_bytes, token)
            found.append(KeptRun(working, _request(folder, working), read_record(_content(folder, "record.json"))))
        except HubError:
            raise
        except (PolyIDError, OSError):
            found.append(KeptRun(working, None, None))
    return found


def restore(
    runs: str | Path,
    working: Working,
    *,
    tables: Sequence[Path] = (),
    space: str | None = None,
    user: str | None = None,
    token: str | None = None,
) -> Run:
    """Bring a run back from its working branch, checked, as one that was interrupted: `polyid.runs.resume` goes on with it.

    Parameters
    ----------
    runs : path
        Folder of runs.
    working : Working
    tables : sequence of path
        Where its table may be found by its hash: a public repo doesn't keep it.
    space, user : str, optional
        The Space that it runs in now, and who goes on with it.
    token : str, optional

    Raises
    ------
    TrainingError
        It is here already, its table is missing, or what is kept is none of a run's.
    HubError
        The Hub refuses, or can't be reached.
    """
    runs = Path(runs)
    if not RUN_NAME.fullmatch(working.name):
        raise TrainingError(f"{working.branch} is not the branch of a run: choose another, or start a new run.")
    source, names = fetch_working(working, is_kept_file, most_bytes, token)
    with locked(runs):
        if (runs / working.name).exists():
            raise TrainingError(f"Run {working.name} is here already: choose it under All runs.")
        new = runs / f".{working.name}"
        shutil.rmtree(new, ignore_errors=True)
        with whole_or_gone(new), _named(working):
            new.mkdir(parents=True)
            for name in names:
                path = plain_file(source, name)
                if path is not None:
                    (new / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, new / name)
            request = _request(new, working)
            record = read_record(_content(new, "record.json"))
            _check_files(new, names)
            _put_table(new, request, tables)
            _write(new, dataclasses.replace(request, space=space, user=user), record, working)
            new.rename(runs / working.name)
    return read(runs / working.name)


@contextlib.contextmanager
def _named(working: Working) -> Iterator[None]:
    """Say of what is wrong with a file on which branch it is."""
    try:
        yield
    except BundleError as problem:
        said = str(problem).partition(";")[0]
        raise TrainingError(
            f"What {working.branch} of {working.repo_id} keeps is not gone on with. {said}: start the run again, and "
            "delete the branch."
        ) from problem


def _content(folder: Path, name: str) -> bytes:
    path = plain_file(folder, name)
    if path is None:
        raise TrainingError(f"What is kept of the run lacks {name}: start it again.")
    return path.read_bytes()


def _request(folder: Path, working: Working) -> Request:
    """What the run was asked for, if a run can be asked for that."""
    request = read_request(_content(folder, "request.json"))
    if request.repo_id != working.repo_id:
        raise TrainingError(f"What {working.branch} keeps is of another repo, {request.repo_id}: start the run again.")
    check_names(request.repo_id, request.tag, request.branch)
    check_settings(request.properties, request.preset, dataclasses.asdict(request))
    if request.init_from not in (None, STARTER_NAME):
        split_repo_and_revision(request.init_from or "")
    return request


def _check_files(folder: Path, names: Sequence[str]) -> None:
    """Refuse checkpoints and models that are none."""
    for name in names:
        if "/checkpoints/" not in name:
            continue
        content = _content(folder, name)
        if name.endswith(".json"):
            check_checkpoint(name, content)
        else:
            read_arrays(content, name.removeprefix("model/"))
    if "model/parameters.json" in names:
        check_saved_files(folder / "model", check_model_folder(folder / "model"))


def _put_table(folder: Path, request: Request, tables: Sequence[Path]) -> None:
    """Make sure that the run's table is there: as it was kept, or found again by its hash."""
    place = folder / request.data
    if place.is_file() and sha256(place) == request.sha256:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    for path in [*tables, *bundled_tables().values()]:
        if path.is_file() and sha256(path) == request.sha256:
            shutil.copyfile(path, place)
            return
    for name, source in SOURCES.items():
        if source.sha256 == request.sha256:
            shutil.copyfile(fetch_source(name), place)
            return
    if not (folder / "model/parameters.json").is_file():
        raise TrainingError(
            f"A public repo does not keep the table of a run: choose {place.name} under Data, or upload it, as it was "
            f"(SHA-256 {request.sha256[:12]}…), then go on."
        )


def _write(folder: Path, request: Request, record: Record, working: Working) -> None:
    is_trained = (folder / "model/parameters.json").is_file()
    way_on = "published" if is_trained else "continued from its last checkpoint"
    interrupted = Record(
        state="failed",
        line="Found again on the Hub",
        error=f"The machine of this run was lost. It is here again as {working.branch} kept it, and can be {way_on}.",
        progress=record.progress,
        created=record.created,
        finished=record.updated,
        updated=time.time(),
        kept={"repo_id": working.repo_id, "branch": working.branch, "at": record.updated, "error": None},
    )
    write_json(folder / "request.json", dataclasses.asdict(request))
    write_json(folder / "record.json", dataclasses.asdict(interrupted))
