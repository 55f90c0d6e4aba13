"""Other versions of the model that the Space follows: which there are, and one of them at hand beside it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from model_service import ModelService
from model_state import Loaded

from polyid.errors import BundleError, PolyIDError
from polyid.hub.destination import split_repo_and_revision
from polyid.hub.versions import Version, list_versions

LOOK_SECONDS = 60.0
"""Between two looks for what versions there are."""
AT_HAND = 2
"""Versions that are kept loaded beside the followed one: each takes a few hundred megabytes."""
FOLLOWED = ""
"""Stands for the version that the Space follows."""


@dataclass(frozen=True)
class Choice:
    """A version as a page offers it."""

    label: str
    name: str


class ModelVersions:
    """The versions of a service's model repo; a folder, and a repo that can't be asked, has the followed one alone."""

    def __init__(self, service: ModelService) -> None:
        self.service = service
        self._listed: tuple[float, list[Version]] = (-LOOK_SECONDS, [])
        self._loaded: dict[str, Loaded] = {}
        self._lock = threading.Lock()

    def choices(self) -> list[Choice]:
        """What can be chosen, the followed version first."""
        return [
            Choice("The one this Space follows", FOLLOWED),
            *(
                Choice(
                    f"{'tag' if version.is_tag else 'branch'} {version.name}, commit {version.commit[:8]}", version.name
                )
                for version in self._versions()
            ),
        ]

    def at(self, name: str | None) -> Loaded:
        """The model of a version, loaded when it is first asked for.

        Raises
        ------
        HubError
            There is no such version, or the Hub can't be reached.
        BundleError
            It holds no model that can be used, or there is none yet.
        """
        if not name:
            return self.service.ready()
        if not self.service.name or Path(self.service.name).is_dir():
            raise BundleError(
                f"There is no version {name}: this Space follows no model repo, and so has none; leave it out."
            )
        commit = next((version.commit for version in self._versions() if version.name == name), name)
        followed = self.service.status.loaded
        if followed is not None and followed.bundle.commit == commit:
            return followed
        # One at a time: loading takes seconds of all cores.
        with self._lock:
            if commit not in self._loaded:
                loaded = self.service.loaded_from(f"{self._repo}@{commit}")
                while len(self._loaded) >= AT_HAND:
                    self._loaded.pop(next(iter(self._loaded)))
                self._loaded[commit] = loaded
            return self._loaded[commit]

    @property
    def _repo(self) -> str:
        return split_repo_and_revision(self.service.name)[0]

    def _versions(self) -> list[Version]:
        looked, versions = self._listed
        if time.monotonic() - looked < LOOK_SECONDS:
            return versions
        loaded = self.service.status.loaded
        if loaded is None or loaded.bundle.repo_id is None:
            return []
        # Else those of the last look, if any: the page says by itself that the Hub is away.
        with suppress(PolyIDError):
            versions = list_versions(loaded.bundle.repo_id)
        self._listed = time.monotonic(), versions
        return versions
