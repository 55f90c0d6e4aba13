"""`MultiModel` with the Hub: an ensemble from a model repo in one line, and to one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Self

from polyid.ensemble import multi_model
from polyid.errors import BundleError
from polyid.hub.fetch import fetch_bundle
from polyid.hub.publish import Publication, publish_bundle


class MultiModel(multi_model.MultiModel):
    """The k-fold ensemble of `polyid.ensemble.multi_model`, which also comes from the Hub and goes there.

    Examples
    --------
    >>> ensemble = MultiModel.from_pretrained("USER/MODEL", revision="v1.0.0")
    >>> ensemble.predict_smiles(["*CC(*)c1ccccc1"])
    """

    @classmethod
    def from_pretrained(
        cls,
        repo: str | os.PathLike,
        revision: str | None = None,
        *,
        token: str | None = None,
        cache_dir: str | os.PathLike | None = None,
        custom_objects: dict[str, Callable] | None = None,
    ) -> Self:
        """The ensemble of a model repo, a folder, or the ``starter`` model that comes with the package.

        Parameters
        ----------
        repo : str or path
            ``user/repo``, ``user/repo@revision``, a folder, or ``starter``.
        revision : str, optional
            A branch, a tag or a commit id; ``main`` by default.
        token : str, optional
            For a private repo. By default the one that the Hub client finds.
        cache_dir : path, optional
            The Hub client's cache by default.
        custom_objects : dict, optional
            As of `load_models`.

        Raises
        ------
        HubError
            There is no such repo or revision, or the Hub can't be reached.
        BundleError
            It holds no whole model.
        """
        name = os.fspath(repo) if revision is None else f"{os.fspath(repo)}@{revision}"
        cache = None if cache_dir is None else Path(cache_dir)
        return cls.load_models(fetch_bundle(name, token=token, cache_dir=cache).folder, custom_objects)

    def push_to_hub(
        self,
        repo: str,
        *,
        tag: str | None = None,
        branch: str | None = None,
        private: bool | None = None,
        token: str | None = None,
    ) -> Publication:
        """Publish the model folder as one commit; parameters, result and refusals are those of `polyid.hub.publish.publish_bundle`.

        Raises
        ------
        BundleError
            The ensemble was neither read from a folder nor written to one.
        """
        if self.folder is None:
            raise BundleError("The ensemble lies in no folder yet: give train_models a save_folder, then publish it.")
        return publish_bundle(self.folder, repo, tag=tag, branch=branch, private=private, token=token)
