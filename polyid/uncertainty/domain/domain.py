"""Domain of validity: whether a polymer is like those the ensemble was trained on, and which of them it is most like.

Two measures are taken. The first is PolyID's (Wilson et al., Macromolecules 2023, 56, 8547, doi:10.1021/acs.macromol.3c00994):
how many kinds of Morgan fragments of radius 2 the polymer has that no training polymer has. The second is the distance to the
nearest training polymers in the learned fingerprint, the mean final bond state of a network. It is taken in each member's own
space to the polymers that this member trained on, in units of what is usual for polymers that were held out from it, and
averaged over the members: 1 is the distance of a usual new polymer.

Both are known, as they will be for new polymers, for every polymer that was held out from some member. The verdict is drawn
from these and from how wrong the predictions of held-out polymers were; see `TrainingDomain.fit`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError
from safetensors.numpy import load, save
from scipy.sparse import csr_matrix

from polyid.bundle.layout import DOMAIN_FILES
from polyid.chemistry.fragments import KnownFragments, Unseen, chain_fragments, elements_of
from polyid.errors import BundleError, DataError, PolymerError
from polyid.uncertainty.domain.distances import NEIGHBOURS, group_means, mean_and_deviation, mean_of_nearest
from polyid.uncertainty.domain.thresholds import Thresholds, median_or_nan, riskiest_thresholds
from polyid.uncertainty.domain.verdict import BORDERLINE, IN_DOMAIN, OUTSIDE

# Reference fingerprints are kept of so many polymers that the file stays below this.
_REFERENCE_BYTES = 8 * 2**20
# Held-out polymers that distances and thresholds are judged by; more change neither.
_MOST_JUDGED = 5_000
_FEWEST_JUDGED = 20
_FEWEST_ERRORS = 60

_FORMAT, _VERSION = "polyid-domain", 1


class TrainingDomain:
    """What an ensemble was trained on, as far as it takes to judge new polymers by it.

    Made by `fit` or `from_files`.

    Attributes
    ----------
    known : KnownFragments
    thresholds : Thresholds
    calibration : dict
        How the thresholds were found: ``rule``, ``polymers`` (held out and judged), the share of them with each verdict, and
        where errors were known the median of their errors by verdict (in medians of the property) and ``risk_ratio``, that of
        polymers outside over that of those in domain.
    """

    def __init__(
        self,
        fragments: np.ndarray,
        elements: Sequence[str],
        references: np.ndarray,
        trained: np.ndarray,
        mean: np.ndarray,
        deviation: np.ndarray,
        usual: np.ndarray,
        polymers: dict[str, Any],
        thresholds: Thresholds,
        calibration: dict[str, Any],
    ):
        self.known = KnownFragments(fragments, frozenset(elements))
        self._references, self._trained = references, trained
        self._mean, self._deviation, self._usual = mean, deviation, usual
        self._polymers = polymers
        self.thresholds, self.calibration = thresholds, calibration

    @classmethod
    def fit(
        cls,
        oligomers: Sequence[str],
        fingerprints: np.ndarray,
        trained: np.ndarray,
        *,
        polymers: Sequence[str] | None = None,
        smiles: Sequence[str] | None = None,
        names: Sequence[str] | None = None,
        values: Mapping[str, Sequence[float]] | None = None,
        errors: np.ndarray | None = None,
        seed: int = 0,
    ) -> TrainingDomain:
        """Learn the domain from the rows of a training table.

        Distances are Euclidean in fingerprints whose features were brought to unit variance over the member's training
        polymers; the distance of a polymer is the mean over its three nearest ones, divided by the median of this over the
        polymers held out from the member.

        *In domain* is a polymer without unseen fragments that is no farther than 70 % of the held-out polymers are. *Outside*
        is a polymer beyond a distance, or with at least a number of unseen fragments. These two are chosen on the
        out-of-fold errors, where they are given: among quantiles of the held-out distances and 2 to 12 fragments, those
        that call most polymers outside while the median error of these is at least 2.5 times that of the polymers in domain,
        with 90 % confidence by resampling the polymers outside. Errors count in medians of their property, all properties
        together. The margin over a ratio of 2 is there because new polymers are others than those it was chosen on. If no
        choice reaches it, the riskiest is taken. Without errors of 60 held-out polymers, the outermost 2.5 % by either
        measure are outside; with fewer than 20 held-out polymers thresholds are those found on the PolyID database, and no
        polymer is called in domain. A polymer with an element that no training polymer has is outside in any case.

        Parameters
        ----------
        oligomers : sequence of str, length n
            What the networks were given.
        fingerprints : float array, shape (M, n, F)
            Of `EnsemblePredictor.fingerprints`.
        trained : bool array, shape (M, n)
            Which rows each member was trained on.
        polymers : sequence of str, optional
            Key of each row's polymer: rows of one polymer (replicates, tacticities) count once, with the mean of their
            fingerprints and values. By default every oligomer is a polymer.
        smiles, names : sequences of str, optional
            What a training polymer is shown as; by default its key, and no name.
        values : mapping of str to sequence of float, optional
            Measured values of each property, NaN where there are none.
        errors : float array, shape (n, P), optional
            Absolute out-of-fold errors, NaN where there are none.
        seed : int
            Of the polymers that are kept as references, where there are more than fit into 8 MiB, and of the resampling.

        Returns
        -------
        TrainingDomain

        Raises
        ------
        DataError
            Lengths disagree, or no row was trained on.
        PolymerError
            A SMILES can't be read.
        """
        fingerprints, trained = np.asarray(fingerprints), np.asarray(trained, bool)
        rows = len(oligomers)
        if fingerprints.ndim != 3 or fingerprints.shape[1] != rows or trained.shape != fingerprints.shape[:2]:
            raise DataError(
                f"The domain needs fingerprints (members, {rows} rows, features) and as many marks of what was trained on, "
                f"not {fingerprints.shape} and {trained.shape}."
            )
        if not trained.any():
            raise DataError(
                "No row was trained on, so there is no domain; give the rows of each member's training set."
            )
        keys = list(oligomers) if polymers is None else list(polymers)
        number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        group = np.array([number[key] for key in keys])
        first = np.unique(group, return_index=True)[1]
        fingerprints = np.stack([group_means(own, group).astype(np.float32) for own in fingerprints])
        trained = np.stack([np.isin(np.arange(len(first)), group[own]) for own in trained])
        counts, ids = _fragment_matrix(oligomers, group)
        rng = np.random.default_rng(seed)

        used = np.flatnonzero(trained.any(axis=0))
        members, _, features = fingerprints.shape
        most = max(1_000, _REFERENCE_BYTES // (2 * members * features))
        kept = np.sort(rng.choice(used, most, replace=False)) if len(used) > most else used
        mean, deviation = mean_and_deviation(fingerprints, trained)
        shown_as = keys if smiles is None else list(smiles)
        columns = {
            name: group_means(np.asarray(column, float)[:, None], group)[kept, 0]
            for name, column in (values or {}).items()
        }
        shown = {
            "smiles": [shown_as[i] for i in first[kept]],
            "names": None if names is None else [names[i] for i in first[kept]],
            "values": {
                name: [float(v) if np.isfinite(v) else None for v in column] for name, column in columns.items()
            },
        }
        structures = {oligomers[i] for i in np.flatnonzero(np.isin(group, used))}
        domain = cls(
            np.sort(ids[np.asarray(counts[used].sum(axis=0)).ravel() > 0]),
            sorted(set().union(*map(elements_of, structures))),
            ((fingerprints[:, kept] - mean[:, None]) / deviation[:, None]).astype(np.float16),
            trained[:, kept],
            mean.astype(np.float32),
            deviation.astype(np.float32),
            np.ones(members, np.float32),
            shown,
            Thresholds(),
            {},
        )
        held = np.flatnonzero(~trained.all(axis=0))
        held = np.sort(rng.choice(held, _MOST_JUDGED, replace=False)) if len(held) > _MOST_JUDGED else held
        distance = domain._learn_usual(fingerprints, trained, held)
        unseen = _held_out_unseen(counts, trained, held)
        judged = np.isfinite(distance) & np.isfinite(unseen)
        wrong = None if errors is None else group_means(np.asarray(errors, float), group)[held[judged]]
        domain._set_thresholds(distance[judged], unseen[judged], wrong, rng)
        return domain

    def _learn_usual(self, fingerprints: np.ndarray, trained: np.ndarray, held: np.ndarray) -> np.ndarray:
        """Set each member's usual distance; return those of the polymers `held`, mean over the members that never saw them."""
        total, count = np.zeros(len(held)), np.zeros(len(held))
        for m in range(len(fingerprints)):
            if not trained[m].any():
                continue
            mine = np.flatnonzero(~trained[m][held])
            own = self._from_nearest(m, fingerprints[m, held[mine]])
            # Without held-out polymers, the training polymers' distances from each other have to serve.
            usual = own if len(own) else self._between_references(m)
            usual = usual[usual > 0]
            self._usual[m] = np.median(usual) if len(usual) else 1.0
            total[mine] += own / self._usual[m]
            count[mine] += 1
        return np.divide(total, count, out=np.full(len(held), np.nan), where=count > 0)

    def _from_nearest(self, member: int, fingerprints: np.ndarray) -> np.ndarray:
        """Mean distance (n,) to the nearest references in a member's space."""
        chunks = np.array_split(fingerprints, max(1, len(fingerprints) // 500))
        return np.concatenate([mean_of_nearest(self._distances(member, chunk)) for chunk in chunks])

    def _between_references(self, member: int) -> np.ndarray:
        """The same of training polymers, each without itself."""
        own = np.flatnonzero(self._trained[member])[:1_000]
        between = self._distances(member, self._references[member, own] * self._deviation[member] + self._mean[member])
        between[np.arange(len(own)), own] = np.inf
        return mean_of_nearest(between)

    def _distances(self, member: int, fingerprints: np.ndarray) -> np.ndarray:
        """Distances (n, references) in a member's space, in its standard deviations; infinite where it never trained."""
        query = (fingerprints.astype(np.float64) - self._mean[member]) / self._deviation[member]
        reference = self._references[member].astype(np.float64)
        squares = (query**2).sum(axis=1)[:, None] + (reference**2).sum(axis=1) - 2.0 * query @ reference.T
        return np.where(self._trained[member], np.sqrt(np.maximum(squares, 0.0)), np.inf)

    def _set_thresholds(
        self, distance: np.ndarray, unseen: np.ndarray, errors: np.ndarray | None, rng: np.random.Generator
    ) -> None:
        if len(distance) < _FEWEST_JUDGED:
            self.calibration = {"rule": "too few polymers", "polymers": len(distance)}
            return
        relative = None
        if errors is not None:
            middle = np.array([np.median(c[np.isfinite(c)]) if np.isfinite(c).any() else np.nan for c in errors.T])
            relative = errors / np.where(middle > 0, middle, np.nan)
        if relative is not None and np.isfinite(relative).any(axis=1).sum() >= _FEWEST_ERRORS:
            rule, self.thresholds = "out-of-fold errors", riskiest_thresholds(distance, unseen, relative, rng)
        else:
            rule = "quantiles"
            self.thresholds = Thresholds(
                float(np.quantile(distance, 0.7)),
                float(np.quantile(distance, 0.975)),
                max(2, int(np.floor(np.quantile(unseen, 0.975))) + 1),
            )
        verdicts = np.array([self.thresholds.verdict(u, d) for u, d in zip(unseen, distance, strict=True)])
        self.calibration = {
            "rule": rule,
            "polymers": len(distance),
            "shares": {v: round(float(np.mean(verdicts == v)), 4) for v in (IN_DOMAIN, BORDERLINE, OUTSIDE)},
        }
        if relative is not None:
            medians = {v: median_or_nan(relative[verdicts == v]) for v in (IN_DOMAIN, BORDERLINE, OUTSIDE)}
            self.calibration["median_errors"] = {v: None if np.isnan(x) else round(x, 4) for v, x in medians.items()}
            ratio = medians[OUTSIDE] / medians[IN_DOMAIN]
            self.calibration["risk_ratio"] = round(ratio, 4) if np.isfinite(ratio) else None

    def assess(
        self,
        smiles: Sequence[str],
        fingerprints: np.ndarray,
        members: Sequence[int] | None = None,
        *,
        unseen: Sequence[Unseen] | None = None,
    ) -> pd.DataFrame:
        """Judge polymers.

        Parameters
        ----------
        smiles : sequence of str, length n
            Oligomers, as the networks are given them.
        fingerprints : float array, shape (M, n, F)
            Of the same ensemble, for these oligomers.
        members : sequence of int, optional
            Which members the fingerprints are of, where not all are loaded.
        unseen : sequence of Unseen, length n, optional
            What `known` says of these oligomers, where it was asked already.

        Returns
        -------
        pandas.DataFrame
            One row a polymer: ``verdict`` (in domain, borderline or outside), ``reason`` (a sentence), ``unseen_fragments``
            (how many), ``fragments`` (SMILES of the two smallest, with all hydrogens), ``distance`` (1 is usual for a new polymer) and
            ``nearest`` (the three nearest training polymers as dictionaries of ``name``, ``smiles``, ``distance`` and
            ``values``, the measured properties by name).

        Raises
        ------
        PolymerError
            A SMILES is no oligomer that can be read.
        DataError
            The fingerprints are not of this ensemble.
        """
        chosen = list(range(len(self._references))) if members is None else list(members)
        fingerprints = np.asarray(fingerprints)
        expected = (len(chosen), len(smiles), self._references.shape[2])
        if fingerprints.shape != expected:
            raise DataError(
                f"Fingerprints of shape {fingerprints.shape} are not of this ensemble, which gives {expected} for these "
                "polymers; compute them with the ensemble the domain belongs to."
            )
        rows = []
        chunk = max(1, 2_000_000 // max(1, self._references.shape[1]))
        for start in range(0, len(smiles), chunk):
            part = slice(start, start + chunk)
            distance, nearest, nearest_distance = self._measure(fingerprints[:, part], chosen)
            for i, text in enumerate(smiles[part]):
                new = self.known.unseen(text) if unseen is None else unseen[start + i]
                verdict, reason = self._judge(new, float(distance[i]))
                rows.append(
                    {
                        "verdict": verdict,
                        "reason": reason,
                        "unseen_fragments": new.fragments,
                        "fragments": new.named,
                        "distance": float(distance[i]),
                        "nearest": [
                            self._shown(int(j), float(d))
                            for j, d in zip(nearest[i], nearest_distance[i], strict=True)
                            if np.isfinite(d)
                        ],
                    }
                )
        return pd.DataFrame(rows, columns=["verdict", "reason", "unseen_fragments", "fragments", "distance", "nearest"])

    def _measure(self, fingerprints: np.ndarray, members: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distance (n,), and the nearest reference polymers and how far they are on average over the members, (n, 3) each."""
        references = self._references.shape[1]
        distance, total = 0.0, np.zeros((fingerprints.shape[1], references))
        seen_by = np.zeros(references)
        used = [m for m in members if self._trained[m].any()]
        for m in used:
            own = self._distances(m, fingerprints[members.index(m)]) / self._usual[m]
            distance = distance + mean_of_nearest(own) / len(used)
            total += np.where(self._trained[m], own, 0.0)
            seen_by += self._trained[m]
        mean = np.where(seen_by > 0, total / np.maximum(seen_by, 1), np.inf)
        nearest = np.argsort(mean, axis=1, kind="stable")[:, :NEIGHBOURS]
        return distance, nearest, np.take_along_axis(mean, nearest, axis=1)

    def _judge(self, new: Unseen, distance: float) -> tuple[str, str]:
        """Verdict and reason of a polymer."""
        verdict = OUTSIDE if new.elements else self.thresholds.verdict(new.fragments, distance)
        parts = []
        if new.elements:
            parts.append(f"contains {' and '.join(new.elements)}, which no training polymer does")
        if new.fragments:
            some = "a fragment" if new.fragments == 1 else f"{new.fragments} fragments"
            more = ", …" if new.fragments > len(new.named) else ""
            parts.append(f"contains {some} no training polymer has: {', '.join(new.named)}{more}")
        if distance > self.thresholds.in_domain_distance:
            parts.append(
                f"is {distance:.1f} times as far from its nearest training polymers as a new polymer usually is"
            )
        reason = f"It {'; it '.join(parts)}." if parts else ""
        if self.calibration.get("rule") == "too few polymers":
            few = "The model saw too few polymers to know what it covers."
            return (OUTSIDE if verdict == OUTSIDE else BORDERLINE), f"{few} {reason}".strip()
        if not parts:
            reason = (
                f"Training polymers have all its fragments, and it is {distance:.1f} times as far from the nearest of them "
                "as a new polymer usually is."
            )
        return verdict, reason

    def _shown(self, reference: int, distance: float) -> dict[str, Any]:
        names = self._polymers["names"]
        values = {name: column[reference] for name, column in self._polymers["values"].items()}
        return {
            "name": None if names is None else names[reference],
            "smiles": self._polymers["smiles"][reference],
            "distance": distance,
            "values": {name: value for name, value in values.items() if value is not None},
        }

    def to_files(self) -> dict[str, bytes]:
        """The whole domain as files by name: arrays as safetensors, all else as JSON."""
        arrays = {
            "fragments": self.known.fragments.astype(np.uint32),
            "references": self._references.astype(np.float16),
            "trained": self._trained.astype(np.uint8),
            "mean": self._mean,
            "deviation": self._deviation,
            "usual": self._usual,
        }
        content = {
            "format": _FORMAT,
            "format_version": _VERSION,
            "thresholds": vars(self.thresholds),
            "elements": sorted(self.known.elements),
            "calibration": self.calibration,
            "polymers": self._polymers,
        }
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return {
            DOMAIN_FILES[0]: save({name: np.ascontiguousarray(array) for name, array in arrays.items()}),
            DOMAIN_FILES[1]: (text + "\n").encode(),
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> TrainingDomain:
        """The domain that `to_files` wrote.

        Raises
        ------
        BundleError
            A file is missing, damaged, or of another format.
        """
        try:
            content = json.loads(files[DOMAIN_FILES[1]])
            arrays = load(files[DOMAIN_FILES[0]])
        except KeyError as error:
            raise BundleError(f"The model has no {error.args[0]}; its domain of validity can't be assessed.") from None
        except (SafetensorError, ValueError) as error:
            raise BundleError(f"The model's domain files are damaged ({error}); download the model again.") from None
        if (
            not isinstance(content, dict)
            or content.get("format") != _FORMAT
            or content.get("format_version") != _VERSION
        ):
            raise BundleError(
                "The model's domain.json is of another format; install the polyid-spaces it was made with."
            )
        try:
            thresholds = Thresholds(**content["thresholds"])
            members, references, features = arrays["references"].shape
            shapes = {
                "trained": (members, references),
                "mean": (members, features),
                "deviation": (members, features),
                "usual": (members,),
            }
            polymers = content["polymers"]
            lists = [polymers["smiles"], *polymers["values"].values()] + [polymers["names"]] * (
                polymers["names"] is not None
            )
            if any(arrays[name].shape != shape for name, shape in shapes.items()):
                raise ValueError("arrays don't fit together")
            if any(len(column) != references for column in lists):
                raise ValueError("polymers and fingerprints don't fit together")
            return cls(
                arrays["fragments"].astype(np.int64),
                content["elements"],
                arrays["references"],
                arrays["trained"].astype(bool),
                arrays["mean"],
                arrays["deviation"],
                arrays["usual"],
                polymers,
                thresholds,
                content["calibration"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleError(f"The model's domain files are damaged ({error}); download the model again.") from None


def _fragment_matrix(oligomers: Sequence[str], group: np.ndarray) -> tuple[csr_matrix, np.ndarray]:
    """Which polymer (row) has which fragment (column), and the hashes of the columns."""
    known: dict[str, np.ndarray] = {}
    for number, text in enumerate(oligomers, 1):
        if text not in known:
            try:
                known[text] = np.array(list(chain_fragments(text)), np.int64)
            except PolymerError as error:
                raise PolymerError(f"Row {number}: {error}") from None
    found = [known[text] for text in oligomers]
    ids, column = np.unique(np.concatenate(found), return_inverse=True)
    row = np.repeat(group, [len(f) for f in found])
    counts = csr_matrix((np.ones(len(row), np.float32), (row, column)), shape=(int(group.max()) + 1, len(ids)))
    counts.data[:] = 1.0
    return counts, ids


def _held_out_unseen(fragments: csr_matrix, trained: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Fragments of held-out polymers that a member did not train on, mean over the members that never saw the polymer."""
    total, count = np.zeros(len(held)), np.zeros(len(held))
    for own in trained:
        if not own.any():
            continue
        new = np.asarray(fragments[own].sum(axis=0)).ravel() == 0
        mine = np.flatnonzero(~own[held])
        total[mine] += fragments[held[mine]] @ new.astype(np.float32)
        count[mine] += 1
    return np.divide(total, count, out=np.full(len(held), np.nan), where=count > 0)
