"""One way to talk to the Hub: its client, questions asked again when they fail, and its refusals in plain sentences."""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx2
from huggingface_hub import DatasetInfo, HfApi, ModelInfo, get_token
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
from huggingface_hub.utils import get_session

from polyid.errors import HubError, PolyIDError

logger = logging.getLogger(__name__)
LOOK_SECONDS = 10.0  # how long one question to the Hub may take before it counts as unreachable
QUIET_SECONDS = 120.0  # how long the Hub may send nothing in the middle of an answer or of an upload
TRIES = 3
NO_TOKEN = (
    "There is no Hub token: set HF_TOKEN to a token with the write role (in a Space: among its secrets), "
    "or log in with `hf auth login`."
)
Answer = TypeVar("Answer")
Api = HfApi
"""The client, for rooms that hand it on without calling it."""


def hub_api(token: str | None) -> HfApi:
    """Client of the Hub that `HF_ENDPOINT` names; without a token it uses the one of the machine's login."""
    # By default a Hub that takes a request and never answers would be waited for for ever.
    get_session().timeout = httpx2.Timeout(QUIET_SECONDS, connect=LOOK_SECONDS)
    # Read now, not when the client was imported, so that a page or a test can choose the Hub at run time.
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT", "").rstrip("/") or None, token=token, library_name="polyid")


def has_token(token: bool | str | None) -> bool:
    """Tell whether there is a token to use: the one given, or the machine's."""
    return bool(token or get_token())


def the_token() -> str:
    """The machine's token: of ``HF_TOKEN`` or of a saved login.

    Raises
    ------
    HubError
        There is none.
    """
    token = get_token()
    if not token:
        raise HubError(NO_TOKEN)
    return token


def look_at_repo(api: HfApi, repo_id: str, revision: str | None = None) -> ModelInfo:
    """What the Hub says of a model repo: a question that gives up in time, to be asked before all others."""
    return with_retries(lambda: api.model_info(repo_id, revision=revision, timeout=LOOK_SECONDS))


def look_at_dataset(api: HfApi, repo_id: str, revision: str | None = None) -> DatasetInfo:
    """The same of a dataset."""
    return with_retries(lambda: api.dataset_info(repo_id, revision=revision, timeout=LOOK_SECONDS))


def commit_of(api: HfApi, repo_id: str, revision: str | None = None, repo_type: str | None = None) -> str:
    """The commit that a branch, tag or commit of a repo, by default a model repo, stands for now."""
    commit = with_retries(
        lambda: api.repo_info(repo_id, revision=revision, repo_type=repo_type, timeout=LOOK_SECONDS)
    ).sha
    if commit is None:
        raise HubError(f"{api.endpoint} names no commit of {repo_id}: try again.")
    return commit


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
    except PolyIDError:
        raise
    except (HfHubHTTPError, httpx2.HTTPError, OSError, RuntimeError, ValueError, *_NOT_OF_A_HUB) as error:
        if isinstance(error, _NOT_OF_A_HUB):
            # It may be a fault of this package, and must be seen in the log; lines of code alone hold no token.
            trace = "".join(traceback.format_tb(error.__traceback__))
            logger.error("%s in an exchange with the Hub:\n%s", type(error).__name__, trace)
        sentence = _sentence(error, api, repo_id, revision)
        for secret in (api.token, get_token()):
            if isinstance(secret, str) and secret:
                sentence = sentence.replace(secret, "(token)")
        raise HubError(sentence) from None  # the client's own text may quote what was sent


_NOT_OF_A_HUB = (KeyError, TypeError, AttributeError, IndexError)
"""What the client raises where an answer lacks what every Hub answers."""
_BY_TYPE: tuple[tuple[type[Exception], str], ...] = (
    (GatedRepoError, "{repo} is gated: ask for access on {hub}/{repo}, then try again."),
    (
        RepositoryNotFoundError,
        "{repo} was not found on {hub}, or it is private and your token may not see it: "
        "check the name and whose token it is.",
    ),
    (RevisionNotFoundError, "{repo} has no branch, tag or commit {revision!r}: see {hub}/{repo} for those it has."),
)
_BY_STATUS = {
    402: "{hub} asks for a subscription or a payment method for that ({answer}): see {hub}/settings/billing.",
    401: "{hub} does not know the token: log in with `hf auth login --force`, or set HF_TOKEN to a valid one.",
    403: "The token may not do this on {repo} ({answer}): use a token with the write role of the repo's owner.",
    412: "Somebody else published to {repo} at the same moment: look at it, then publish again.",
    429: "{hub} asks to slow down: wait some minutes, then try again.",
}


def _sentence(error: Exception, api: HfApi, repo_id: str, revision: str | None) -> str:
    """Say what went wrong and what to do next."""
    status = _status(error)
    answer = (getattr(error, "server_message", None) or "").split("\n")[0].rstrip(".")
    words = {"repo": repo_id, "hub": api.endpoint, "revision": revision, "answer": answer}
    if isinstance(error, LocalTokenNotFoundError) or (status == 401 and not has_token(api.token)):
        return (
            f"{repo_id} was not found on {api.endpoint}, or it is private and no token was given: check the name, "
            "or log in with `hf auth login` or set HF_TOKEN."
        )
    for error_type, sentence in _BY_TYPE:
        if isinstance(error, error_type):
            return sentence.format(**words)
    if status in _BY_STATUS:
        return _BY_STATUS[status].format(**words)
    if status is not None:
        return _refusal(error, status, words)
    if isinstance(error, _NOT_OF_A_HUB):
        return (
            f"{api.endpoint} answered something that no Hub answers ({type(error).__name__}: {_one_line(error)}): "
            "check the address in HF_ENDPOINT, then try again."
        )
    if isinstance(error, ValueError) and "README.md" in str(error):
        return f"{api.endpoint} can't read the head of the model's README.md: {_one_line(error)}."
    if is_passing_failure(error):
        return f"{api.endpoint} can't be reached: check the network and the address in HF_ENDPOINT, then try again."
    return (
        f"The transfer from or to {repo_id} on {api.endpoint} broke off ({type(error).__name__}: {_one_line(error)}): "
        "try again."
    )


def _refusal(error: Exception, status: int, words: dict[str, str | None]) -> str:
    """Sentence for an answer that no other is for."""
    if status >= 500:
        return f"{words['hub']} has a problem of its own (HTTP {status}): try again in some minutes."
    if isinstance(error, EntryNotFoundError):
        return f"{words['repo']} lacks a file that was there before ({words['answer']}): try again."
    return (
        f"{words['hub']} refused the request about {words['repo']} (HTTP {status}: {words['answer']}): "
        "put that right, then try again."
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
