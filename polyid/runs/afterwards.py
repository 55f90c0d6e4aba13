"""What comes after a run, as that the Space pauses or steps down, whether it succeeded, failed or was cancelled, and whether anybody watches or not."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from polyid.common.files import write_json
from polyid.errors import PolyIDError
from polyid.runs.launch import start_next
from polyid.runs.notification import tell
from polyid.runs.record import Run, every, queue, read
from polyid.runs.states import FINISHED

STILL_SECONDS = 3 * 3600.0
"""A run that says nothing for so long is ended."""
TEND_SECONDS = 5.0

Action = Callable[[str, str | None], str]


def _actions() -> dict[str, Action]:
    from polyid.hub import space

    return {"pause": space.pause, "cpu": space.step_down}


def settle(run: Run, token: str | None) -> str | None:
    """Do with the Space what was chosen when the run was started, unless other runs wait; returns what was done, in words.

    Parameters
    ----------
    run : Run
        One that has ended.
    token : str or None
    """
    wanted = run.request.afterwards
    if wanted == "keep" or run.record.afterwards is not None or queue(run.folder.parent):
        return None
    if run.request.space is None:
        return _note(run, "This is no Space: there is no hardware to give back.")
    # Said before it is done: the Space's process ends with it.
    _note(run, {"pause": "The Space is being paused.", "cpu": "The Space steps down to the free CPU."}[wanted])
    try:
        return _note(run, _actions()[wanted](run.request.space, token))
    except PolyIDError as problem:
        return _note(run, f"The hardware is still paid for: {problem} Pause the Space in its settings.")


def _note(run: Run, said: str) -> str:
    record = dataclasses.replace(run.record, afterwards=said)
    with contextlib.suppress(OSError):
        write_json(run.folder / "record.json", dataclasses.asdict(record))
    return said


def tend(runs: str | Path, token_of: Callable[[Run | None], str | None], since: float) -> None:
    """See to runs whose process can't any more: end one that stands still, begin the next, give hardware back.

    Parameters
    ----------
    runs : path
    token_of : callable
        The token that a waiting run begins with; of None, the Space's own.
    since : float
        Seconds since the epoch. What ended before is left as it is: who restarts a paused Space wants to use it.
    """
    known = every(runs)
    for run in known:
        heard = run.record.updated or 0.0
        if run.active and run.pid is not None and time.time() - heard > STILL_SECONDS:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
    ended = [run for run in known if run.record.state in FINISHED and (run.record.finished or 0.0) > since]
    for run in ended:
        if run.record.told is None and not run.has_process:
            tell(run)  # it was killed before it could
    if any(run.active for run in known) or start_next(runs, token_of) is not None:
        return
    if ended:
        last = max(ended, key=lambda run: run.record.finished or 0.0)
        settle(read(last.folder), token_of(None))


def watch_over(runs: str | Path, token_of: Callable[[Run | None], str | None]) -> threading.Thread:
    """Tend runs for as long as this process lives, in a thread; tokens as of `tend`."""

    since = time.time()

    def forever() -> None:
        while True:
            time.sleep(TEND_SECONDS)
            with contextlib.suppress(PolyIDError, OSError):
                tend(runs, token_of, since)

    thread = threading.Thread(target=forever, daemon=True)
    thread.start()
    return thread
