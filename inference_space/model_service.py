"""Keeps a model at hand: fetches it in the background, says how far it is, and takes up new commits."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from model_state import Loaded, Status
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from polyid.bundle.layout import MANIFEST_FILE
from polyid.common.files import sha256
from polyid.config.settings import INTERVAL_LEVEL
from polyid.errors import BundleError, PolyIDError
from polyid.explain.drawing import draw_contributions
from polyid.hub.fetch import FetchedBundle, fetch_bundle

if TYPE_CHECKING:
    from polyid.explain.contributions import Contributions
    from polyid.inference.predictions import Predictions

logger = logging.getLogger(__name__)

RETRY_SECONDS = 10.0
"""Between two looks while there is no model."""
POLL_SECONDS = 60.0
"""Between two looks for a newer commit."""
HUB_AWAY = "The Hub can't be reached: the model is the one that was downloaded last."
PROBE = "*CC(*)c1ccccc1"
"""A new model has to answer this with finite numbers before it takes over."""


def load_model(folder: Path) -> Any:
    """A model that has explained once, so that a visitor doesn't wait for what takes a second the first time."""
    # It loads TensorFlow: not before the page is up.
    from polyid import MultiModel

    model = MultiModel.load_models(folder)
    # For good: products of one polymer are small, and a second thread waits for its share of them at full speed.
    threadpool_limits(1, "blas")
    draw_contributions(next(iter(model.explain(PROBE).values())))
    return model


class ModelService:
    """One model repo (or folder), watched by a thread of its own.

    Parameters
    ----------
    model : str
        ``user/repo``, ``user/repo@revision`` or a folder.
    starter : FetchedBundle, optional
        A model that answers until the named one is there.
    fetch, load : callable, optional
        Stand for `polyid.hub.fetch.fetch_bundle` and `load_model` in tests of the watching itself.
    """

    def __init__(
        self,
        model: str,
        *,
        retry_seconds: float = RETRY_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        starter: FetchedBundle | None = None,
        fetch: Callable[..., FetchedBundle] = fetch_bundle,
        load: Callable[..., Any] | None = None,
    ) -> None:
        self.name = model
        self.retry_seconds = retry_seconds
        self.poll_seconds = poll_seconds
        self.status = Status("downloading", f"Looking for a model in {model}")
        self._fetch = fetch
        self._load = load or load_model
        self._starter = starter
        self._before: Loaded | None = None
        self._rejected: tuple[Path, str] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True, name="model-service")

    def start(self) -> ModelService:
        """Begin to look for the model, and return at once."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End the thread after its present look."""
        self._stop.set()
        self._thread.join(timeout=30)

    def ready(self) -> Loaded:
        """The model at hand.

        Raises
        ------
        BundleError
            While there is none; the message is the status' sentence.
        """
        loaded = self.status.loaded
        if loaded is None:
            raise BundleError(self.status.sentence)
        return loaded

    def predict(
        self,
        smiles: Sequence[str],
        level: float = INTERVAL_LEVEL,
        *,
        pm: Sequence[float | None] | None = None,
        loaded: Loaded | None = None,
    ) -> tuple[Predictions, Loaded]:
        """Predict polymers with the model at hand.

        Parameters
        ----------
        smiles : sequence of str
            Polymers in any form.
        level : float
            Share of measured values that the intervals are to hold.
        pm : sequence of float or None, optional
            Probability of meso dyads of each polymer.
        loaded : Loaded, optional
            The model that began an answer and shall finish it; by default the one at hand.

        Returns
        -------
        predictions : Predictions
        loaded : Loaded
            The model that answered.

        Raises
        ------
        BundleError
            While there is no model.
        """
        loaded = loaded or self.ready()
        return loaded.shared.predict(smiles, level, pm=pm), loaded

    def explain(self, smiles: str, loaded: Loaded) -> dict[str, Contributions]:
        """Why a model predicted what it did: `polyid.MultiModel.explain` of the model that answered.

        Raises
        ------
        PolymerError
            The SMILES is no polymer.
        """
        return loaded.shared.explain(smiles)

    def loaded_from(self, name: str) -> Loaded:
        """Another model, which has answered once; `name` as of `polyid.hub.fetch.fetch_bundle`.

        Raises
        ------
        HubError, BundleError
            It can't be had, or not used.
        """
        bundle = self._fetch(name, tqdm_class=_silent_tqdm)
        try:
            return Loaded(self._verified(bundle), bundle)
        except PolyIDError:
            raise
        except Exception as problem:
            logger.exception("%s can't be used", name)
            raise BundleError(f"{name} can't be used ({type(problem).__name__}: {problem}).") from problem

    @property
    def _own(self) -> Loaded | None:
        """The model that the service is for, once it is there."""
        return self.status.loaded if self.status.phase == "ready" else None

    def _load_starter(self, bundle: FetchedBundle) -> None:
        try:
            self._before = Loaded(self._verified(bundle), bundle)
        except Exception as problem:
            # The model that the Space is for is looked for all the same, and the page says what was wrong until it is there.
            logger.exception("The starter model can't be used")
            self._report(f"The starter model can't be used ({type(problem).__name__}): install the package anew.")
            return
        self.status = replace(self.status, loaded=self._before)

    def _watch(self) -> None:
        if self._starter is not None:
            self._load_starter(self._starter)
        while not self._stop.is_set():
            try:
                self._look()
            except PolyIDError as problem:
                self._report(str(problem))
            except Exception as problem:
                # The thread must live on: a page that stopped looking would wait for ever.
                logger.exception("Looking for the model failed")
                self._report(f"The model can't be used ({type(problem).__name__}: {problem}).")
            self._stop.wait(self.retry_seconds if self._own is None else self.poll_seconds)

    def _look(self) -> None:
        if not self.name:
            raise BundleError("No model repo is named: set POLYID_MODEL_REPO, such as demo/polyid-models, and restart.")
        old = self._own
        bundle = self._fetch(self.name, tqdm_class=_reporting_tqdm(self._downloading) if old is None else _silent_tqdm)
        content = _content(bundle)
        trouble = HUB_AWAY if bundle.is_old else None
        if old is not None and content == old.content:
            # A tag may have been set since, and is not to be had while the Hub is out of reach.
            same = replace(old, bundle=bundle if bundle.tag else old.bundle, content=content)
            self.status = Status("ready", "Ready", loaded=same, trouble=trouble)
            return
        if content == self._rejected:
            return
        if old is None:
            self.status = Status("loading", f"Loading the model of {self.name}", loaded=self._before)
        try:
            loaded = Loaded(self._verified(bundle), bundle, content)
        except Exception:
            self._rejected = content if old is not None else None
            raise
        self._rejected = self._before = None
        self.status = Status("ready", "Ready", loaded=loaded, trouble=trouble)

    def _verified(self, bundle: FetchedBundle) -> Any:
        """Load a model and see that it answers, which also makes the first prediction of a visitor a quick one."""
        model = self._load(bundle.folder)
        if not np.isfinite(model.predict([PROBE]).mean).all():
            raise BundleError(
                f"The model of {bundle.repo_id or bundle.folder} answers {PROBE} with no finite number: train it again."
            )
        return model

    def _report(self, problem: str) -> None:
        loaded = self._own
        if loaded is not None:
            self.status = Status("ready", "Ready", loaded=loaded, trouble=f"No newer model was taken up: {problem}")
            return
        where = f" in {self.name}" if self.name else ""
        sentence = f"No model yet{where}: train one in the trainer Space; looking again every {self.retry_seconds:g} s."
        self.status = Status("waiting", sentence, loaded=self._before, trouble=problem)

    def _downloading(self, done: int, total: int) -> None:
        share = min(done / total, 1.0) if total else None
        size = f": {done / 1e6:.1f} of {total / 1e6:.1f} MB" if total else ""
        self.status = Status("downloading", f"Downloading the model from {self.name}{size}", share, self._before)


def _content(bundle: FetchedBundle) -> tuple[Path, str]:
    """What tells one model from the next: a snapshot's folder is named after its commit, but a folder may be rewritten.

    The manifest has the hashes of all files that decide a prediction, and is written last.
    """
    return bundle.folder, sha256(bundle.folder / MANIFEST_FILE)


class _silent_tqdm(tqdm):
    """A progress bar that nobody sees."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **{**keywords, "file": io.StringIO(), "disable": False})


def _reporting_tqdm(report: Callable[[int, int], None]) -> type[tqdm]:
    """A progress bar class that hands the bytes written and their total on instead of drawing."""

    class ReportingTqdm(_silent_tqdm):
        def update(self, n: float | None = 1) -> bool | None:
            answer = super().update(n)
            # The client shows the bytes received and the bytes written in two bars: one is enough.
            if self.unit == "B" and "Downloading" not in (self.desc or ""):
                report(int(self.n), int(self.total or 0))
            return answer

    return ReportingTqdm
