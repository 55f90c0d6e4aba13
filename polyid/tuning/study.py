"""What was tried so far, kept in a file that a killed search leaves whole, and what to try next: Optuna's study.

Proposals are those of the tree-structured Parzen estimator (J. Bergstra et al., Algorithms for hyper-parameter optimization, NIPS
2011), as T. Akiba et al., Optuna, KDD 2019, has it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polyid.config.ranges import RANGES
from polyid.errors import DataError, TrainingError
from polyid.tuning.space import Searched

STUDY_FILE = "study.log"
_NAME, _SEARCH, _FIGURES, _PROBLEM, _SECONDS = "search", "search", "figures", "problem", "seconds"


def check_optuna() -> None:
    """Say that the package is missing before anything is read.

    Raises
    ------
    DataError
    """
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise DataError("polyid tune needs the package optuna: pip install 'polyid-spaces[tune]'.") from None


class Study:
    """The trials of one search.

    Parameters
    ----------
    folder : path
        Where the search is kept.
    search : mapping
        What all trials share, data and settings; a folder of another search is refused.
    space : mapping of str to Searched
    own : mapping of str to float
        The preset's values, which are tried first.
    seed : int
        Of proposals.

    Raises
    ------
    TrainingError
        The folder holds another search.
    """

    def __init__(
        self,
        folder: Path,
        search: Mapping[str, Any],
        space: Mapping[str, Searched],
        own: Mapping[str, float],
        seed: int,
    ) -> None:
        import optuna
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space, self._seed = dict(space), seed
        self._asked: dict[int, optuna.trial.Trial] = {}
        self._states = optuna.trial.TrialState
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(folder / STUDY_FILE)))
        self._study = optuna.create_study(storage=storage, study_name=_NAME, load_if_exists=True)
        written = json.dumps(dict(search), sort_keys=True)
        kept = self._study.user_attrs.get(_SEARCH)
        if kept is None:
            self._study.set_user_attr(_SEARCH, written)
            self._study.enqueue_trial(dict(own))
        elif kept != written:
            before, now = json.loads(kept), json.loads(written)
            other = next(name for name in {**before, **now} if before.get(name) != now.get(name))
            raise TrainingError(
                f"{folder} holds a search with another {other} ({before.get(other)!r}, not {now.get(other)!r}); choose another --output."
            )
        self._take_back_lost()

    def ask(self) -> tuple[int, dict[str, float]]:
        """Number and values of the next trial."""
        import optuna

        # By the number, so that a search that was interrupted proposes what it would have.
        number = len(self._study.get_trials(deepcopy=False))
        self._study.sampler = optuna.samplers.TPESampler(seed=self._seed + 1_000_003 * number)
        trial = self._study.ask()
        self._asked[trial.number] = trial
        values = {name: self._suggested(trial, name, searched) for name, searched in self._space.items()}
        return trial.number, values

    def tell(self, number: int, error: float, figures: Mapping[str, Any], seconds: float) -> None:
        """What came of a trial."""
        trial = self._asked.pop(number)
        trial.set_user_attr(_FIGURES, dict(figures))
        trial.set_user_attr(_SECONDS, seconds)
        self._study.tell(number, error)

    def tell_failed(self, number: int, problem: str) -> None:
        """That a trial could not be finished, and why."""
        self._asked.pop(number).set_user_attr(_PROBLEM, problem)
        self._study.tell(number, state=self._states.FAIL)

    @property
    def tried(self) -> list[dict[str, Any]]:
        """Trials that came to an end, in their order: ``number``, ``values``, ``error`` (None if failed), ``figures``, ``seconds``, ``problem``."""
        found = []
        for trial in self._study.get_trials(deepcopy=False):
            kept = trial.user_attrs
            if trial.state == self._states.COMPLETE or _PROBLEM in kept:
                found.append(
                    {
                        "number": trial.number,
                        "values": dict(trial.params),
                        "error": trial.value if trial.state == self._states.COMPLETE else None,
                        "figures": kept.get(_FIGURES, {}),
                        "seconds": kept.get(_SECONDS),
                        "problem": kept.get(_PROBLEM),
                    }
                )
        return found

    def _take_back_lost(self) -> None:
        """What was at work when a search was killed is tried again, before anything new."""
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state == self._states.RUNNING:
                self._study.tell(trial.number, state=self._states.FAIL)
                if set(trial.params) == set(self._space):
                    self._study.enqueue_trial(trial.params)

    @staticmethod
    def _suggested(trial: Any, name: str, searched: Searched) -> float:
        if RANGES[name].whole:
            return trial.suggest_int(name, int(searched.low), int(searched.high), log=searched.log)
        return trial.suggest_float(name, searched.low, searched.high, log=searched.log)
