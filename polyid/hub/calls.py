"""Calls to the Hub that can be read before they are made: a plan is a list of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub import CommitOperationAdd, HfApi

from polyid.hub.client import explained_errors, with_retries
from polyid.hub.commits import Operation, commit_files

HIDDEN = "(hidden)"
"""Stands for the value of a secret wherever a call is shown."""


@dataclass(frozen=True)
class Call:
    """One call of the Hub's client that changes something; ``str`` shows it as Python, without any secret.

    Attributes
    ----------
    method : str
        Of `huggingface_hub.HfApi`.
    repo_id : str
        What is changed.
    arguments : dict
        The others, by name.
    secret : str
        Value of the argument ``value`` where that may not be shown.
    make : callable, optional
        What is done instead of calling the method with its arguments; these then are for people.
    files : tuple of str
        What a commit adds (``+ path``) and deletes (``- path``).
    """

    method: str
    repo_id: str
    arguments: dict[str, Any] = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    make: Callable[[HfApi], object] | None = field(default=None, repr=False)
    files: tuple[str, ...] = ()

    def __str__(self) -> str:
        arguments = {**self.arguments, **({"value": HIDDEN} if self.secret else {})}
        return f"{self.method}({', '.join([repr(self.repo_id), *(f'{k}={v!r}' for k, v in arguments.items())])})"

    def __call__(self, api: HfApi) -> object:
        """Make the call, again after a passing failure: none of those planned does more when it is made twice.

        Raises
        ------
        HubError
            The Hub refuses, or can't be reached; in one sentence without any secret.
        """
        arguments = {**self.arguments, **({"value": self.secret} if self.secret else {})}
        with explained_errors(api, self.repo_id):
            if self.make is not None:
                return self.make(api)
            return with_retries(lambda: getattr(api, self.method)(self.repo_id, **arguments))


def secret_call(repo_id: str, key: str, value: str) -> Call:
    """Set a secret of a Space; its description says by `fingerprint` which value it has, since the Hub gives none back."""
    described = {"key": key, "description": secret_description(repo_id, key, value)}
    return Call("add_space_secret", repo_id, described, value)


def secret_description(repo_id: str, key: str, value: str) -> str:
    """Description of a secret that tells one value from another and nothing of either."""
    derived = hashlib.pbkdf2_hmac("sha256", value.encode(), f"polyid {repo_id} {key}".encode(), 100_000)
    return f"set by polyid deploy, fingerprint {derived.hex()[:16]}"


def commit_call(
    repo_id: str,
    files: Mapping[str, Path],
    is_ours: Callable[[str], bool],
    operations: list[Operation],
    title: str,
    repo_type: str,
) -> Call:
    """Commit `files`; `operations` are what is to change as far as is known now, and are shown."""
    shown = [f"+ {each.path_in_repo}" for each in operations if isinstance(each, CommitOperationAdd)]
    shown += [f"- {each.path_in_repo}" for each in operations if not isinstance(each, CommitOperationAdd)]
    return Call(
        "create_commit",
        repo_id,
        {"operations": f"{len(shown)} files", "commit_message": title, "repo_type": repo_type},
        make=lambda api: commit_files(api, repo_id, "main", files, is_ours, title, repo_type),
        files=tuple(shown),
    )
