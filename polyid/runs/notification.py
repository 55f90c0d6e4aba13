"""A notice that a run has ended: one POST of JSON to the address in ``POLYID_WEBHOOK``, whatever came of the run."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from polyid.common.files import write_json
from polyid.runs.record import Run

WEBHOOK = "POLYID_WEBHOOK"
PATIENCE_SECONDS = 10.0
_IN_WORDS = {
    "done": "is published",
    "ready": "is trained and waits to be looked at",
    "failed": "failed",
    "cancelled": "was cancelled",
    "paused": "is paused",
}


def tell(run: Run) -> str | None:
    """Send the notice, if one is wanted and none was sent; what came of it is noted in the run's record, and stops nothing.

    The address is a secret of whoever set it: it is in no record, log or message.

    Parameters
    ----------
    run : Run
        One that has ended.
    """
    address = os.environ.get(WEBHOOK, "").strip()
    if not address or run.record.told is not None:
        return None
    said = _sent(address, _content(run))
    record = dataclasses.replace(run.record, told=said)
    with contextlib.suppress(OSError):
        write_json(run.folder / "record.json", dataclasses.asdict(record))
    return said


def _content(run: Run) -> dict[str, Any]:
    record, request = run.record, run.request
    where = f" of {request.space}" if request.space else ""
    text = f"Run {run.name}{where} {_IN_WORDS.get(record.state, record.state)}."
    more = record.error or record.commit_url
    return {
        "text": f"{text} {more}" if more else text,
        "run": run.name,
        "state": record.state,
        "error": record.error,
        "repo_id": request.repo_id if request.publish else None,
        "commit": record.commit,
        "commit_url": record.commit_url,
        "space": request.space,
        "seconds": (record.finished - record.started) if record.finished and record.started else None,
        "dollars": run.dollars,
    }


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        """What is elsewhere is not followed: only the address itself was chosen."""


def _sent(address: str, content: dict[str, Any]) -> str:
    """Post it; what came of it in words, without the address."""
    if urlsplit(address).scheme not in ("http", "https"):
        return f"No notice was sent: the address in {WEBHOOK} has to begin with https:// or http://."
    try:
        request = urllib.request.Request(
            address, json.dumps(content).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=PATIENCE_SECONDS):
            return "A notice was sent."
    except urllib.error.HTTPError as problem:
        return f"The notice was refused (HTTP {problem.code}): look at the address in {WEBHOOK}."
    except (OSError, ValueError):
        return f"The notice could not be sent: nothing answers at the address in {WEBHOOK}."
