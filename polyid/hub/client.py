"""One way to talk to the Hub: its client, retries of what passes, and its refusals in plain sentences."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx2
from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from polyid.errors import HubError

LOOK_SECONDS = 10.0  # how long one question to the Hub may take before it counts as unreachable
TRIES = 3
Answer = TypeVar("Answer")


def hub_api(token: str | None) -> HfApi:
    # Read now, not when the client was imported, so that a page or a test can choose the Hub at run time.
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT", "").rstrip("/") or None, token=token, library_name="polyid")


def _status(error: BaseException) -> int | None:
    return error.response.status_code if isinstance(error, HfHubHTTPError) else None


def is_passing_failure(error: BaseException | None) -> bool:
    """Tell whether a failure is of the kind that may go away by itself: no network, too busy, a server's error."""
    if isinstance(error, LocalEntryNotFoundError):  # how the client reports that it had no answer and no cached file
        return is_passing_failure(error.__cause__)
    status = _status(error) if error is not None else None
    return isinstance(error, httpx2.TransportError | OfflineModeIsEnabled) or status == 429 or (status or 0) >= 500


def with_retries(call: Callable[[], Answer]) -> Answer:
    """Make a call that may be made twice, again after a passing failure."""
    for attempt in range(TRIES):
        try:
            return call()
        except Exception as error:
            if attempt == TRIES - 1 or not is_passing_failure(error) or isinstance(error, OfflineModeIsEnabled):
                raise
            time.sleep(2**attempt)
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def explained_errors(api: HfApi, repo_id: str, revision: str | None = None) -> Iterator[None]:
    """Turn whatever the client raises into one `HubError` sentence without a token."""
    try:
        yield
    except HubError:
        raise
    except (HfHubHTTPError, httpx2.HTTPError, OSError, RuntimeError, ValueError) as error:
        sentence = _sentence(error, api, repo_id, revision)
        for secret in (api.token, get_token()):
            if isinstance(secret, str) and secret:
                sentence = sentence.replace(secret, "(token)")
        raise HubError(sentence) from None  # the client's own text may quote what was sent


def _sentence(error: Exception, api: HfApi, repo_id: str, revision: str | None) -> str:
    """Say what went wrong and what to do next."""
    hub, status = api.endpoint, _status(error)
    said = (getattr(error, "server_message", None) or "").split("\n")[0].rstrip(".")
    has_token = bool(api.token or get_token())
    if isinstance(error, LocalTokenNotFoundError) or (status == 401 and not has_token):
        return (
            f"{repo_id} was not found on {hub}, or it is private and no token was given: check the name, "
            "or log in with `hf auth login` or set HF_TOKEN."
        )
    if isinstance(error, GatedRepoError):
        return f"{repo_id} is gated: ask for access on {hub}/{repo_id}, then try again."
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"{repo_id} was not found on {hub}, or it is private and your token may not see it: "
            "check the name and whose token it is."
        )
    if isinstance(error, RevisionNotFoundError):
        return f"{repo_id} has no branch, tag or commit {revision!r}: see {hub}/{repo_id} for those it has."
    if status == 401:
        return f"{hub} does not know the token: log in with `hf auth login --force`, or set HF_TOKEN to a valid one."
    if status == 403:
        return f"The token may not do this on {repo_id} ({said}): use a token with the write role of the repo's owner."
    if status == 412:
        return f"Somebody else published to {repo_id} at the same moment: look at it, then publish again."
    if status == 429:
        return f"{hub} asks to slow down: wait some minutes, then try again."
    if status is not None and status >= 500:
        return f"{hub} has a problem of its own (HTTP {status}): try again in some minutes."
    if isinstance(error, EntryNotFoundError) and status is not None:
        return f"{repo_id} lacks a file that was there before ({said}): try again."
    if status is not None:
        return f"{hub} refused the request about {repo_id} (HTTP {status}: {said}): put that right, then try again."
    if isinstance(error, ValueError) and "README.md" in str(error):
        return f"{hub} can't read the head of the bundle's README.md: {' '.join(str(error).split())[:200]}."
    if is_passing_failure(error):
        return f"{hub} can't be reached: check the network and the address in HF_ENDPOINT, then try again."
    text = " ".join(str(error).split())[:200]
    return f"The transfer from or to {repo_id} on {hub} broke off ({type(error).__name__}: {text}): try again."
