"""What networks, kernel regression and domain of validity have to know of polymers, read from SMILES part by part.

Reading takes most of the time of a prediction, and is the work of one thread. Long tables are therefore read by other
processes, one a core and at most `MOST_PROCESSES`, while this one asks the networks. They stay for the next table, and end
when there is none for a few minutes. The environment variable ``LOKY_MAX_CPU_COUNT`` sets how many cores to use.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pickle import PicklingError
from typing import Any, TypeVar

import joblib

from polyid.chemistry.composition import PolymerFragments, polymer_fragments
from polyid.chemistry.forms import PolymerForm
from polyid.chemistry.fragments import KnownFragments, Unseen
from polyid.chemistry.marks import without_marks
from polyid.chemistry.oligomer import ChainSettings, read_polymer
from polyid.chemistry.polymer import Polymer
from polyid.chemistry.understood import notes_on
from polyid.data.learnt_marks import AskedPolymer, LearntMarks
from polyid.errors import PolymerError
from polyid.graphs.featuriser import Featuriser
from polyid.graphs.refinement import QuotientGraph
from polyid.inference.threads import one_blas_thread

POLYMERS_A_PART = 200
"""Polymers read and answered together, fewer than `MOLECULES_KEPT`: what is computed on the way doesn't grow with the table."""
MOST_PROCESSES = 8
"""More read faster than the networks answer."""
FEWEST_POLYMERS = 500
"""Shorter tables are read in the time that other processes take to start."""

# Parts that are read, a process, before the first of them is asked for again: they bound the memory.
_PARTS_AHEAD = 8

Part = TypeVar("Part")
Result = TypeVar("Result")


@dataclass(frozen=True)
class ReadPolymers:
    """Polymers as an ensemble needs them.

    Attributes
    ----------
    graphs : list of QuotientGraph
        Each polymer once.
    fragments : PolymerFragments, or None
        For the kernel regression.
    """

    graphs: list[QuotientGraph]
    fragments: PolymerFragments | None


@dataclass(frozen=True)
class ReadTable(ReadPolymers):
    """A part of a table as people type it, and the polymers in it.

    Attributes
    ----------
    rows : list of dict
        ``smiles`` as typed, ``form``, ``polymer`` and ``error`` of every row.
    keys : list of str
        The `polyid.chemistry.polymer.Polymer.key` of each polymer.
    polymer, marked : lists of int
        Which polymer is in each row without an error: without the marks that were not learnt, and with those that were.
    asked : list of AskedPolymer
        The same rows.
    unseen : list of Unseen, or None
        Of the polymers, where there is a domain of validity.
    """

    rows: list[dict[str, Any]]
    keys: list[str]
    polymer: list[int]
    marked: list[int]
    asked: list[AskedPolymer]
    unseen: list[Unseen] | None


@dataclass(frozen=True)
class OligomerReader:
    """How an ensemble reads polymers, given by their `polyid.chemistry.polymer.Polymer.key`: an oligomer's SMILES, as a rule.

    Attributes
    ----------
    featuriser : Featuriser
    cache : bool
        Whether graphs are kept on disk.
    fragments : bool
        Whether there is a kernel regression.
    """

    featuriser: Featuriser
    cache: bool
    fragments: bool

    def __call__(self, smiles: Sequence[str], rows: Sequence[int] | None = None) -> ReadPolymers:
        """Read different polymers by their keys; a PolymerError names the one that can't be, by its number in `rows`."""
        graphs = self.featuriser(smiles, cache=self.cache, rows=rows)
        return ReadPolymers(graphs, polymer_fragments(smiles) if self.fragments else None)


@dataclass(frozen=True)
class TableReader:
    """How an ensemble reads SMILES as people type them.

    Attributes
    ----------
    oligomers : OligomerReader
    known : KnownFragments, or None
        Of the domain of validity.
    chain : ChainSettings
        Of the model.
    marks : LearntMarks or None
        Of the model; None reads all marks as they are written.
    """

    oligomers: OligomerReader
    known: KnownFragments | None
    chain: ChainSettings
    marks: LearntMarks | None = None

    def __call__(self, smiles: Sequence[str], pm: Sequence[float | None]) -> ReadTable:
        """Read SMILES, each with its probability of meso dyads; what can't be read gets a reason."""
        return self.polymers(*self.asked(smiles, pm))

    def asked(
        self, smiles: Sequence[str], pm: Sequence[float | None]
    ) -> tuple[list[dict[str, Any]], list[AskedPolymer]]:
        """The rows of a `ReadTable`, and of those without an error what is asked of their polymers."""
        rows, found = [], list[AskedPolymer]()
        for text, meso in zip(smiles, pm, strict=True):
            row: dict[str, Any] = {"smiles": text, "form": None, "polymer": None, "error": None, "read_as": None}
            try:
                form, polymer = self._read(text, meso)
                row |= {
                    "form": str(form),
                    "polymer": polymer.key,
                    "read_as": "; ".join(notes_on(text)) or None,
                }
                found.append(self._asked(text, polymer.key))
            except PolymerError as error:
                row["error"] = str(error)
            rows.append(row)
        return rows, found

    def polymers(self, rows: list[dict[str, Any]], found: list[AskedPolymer]) -> ReadTable:
        """Read the polymers of rows, as `asked` gives them."""
        # A polymer in two rows is one to the networks: rounding would tell them apart.
        place = {key: i for i, key in enumerate(dict.fromkeys(key for one in found for key in (one.plain, one.marked)))}
        keys = list(place)
        read = self.oligomers(keys)
        unseen = None if self.known is None else self.known.unseen(keys)
        plain, marked = [place[one.plain] for one in found], [place[one.marked] for one in found]
        return ReadTable(read.graphs, read.fragments, rows, keys, plain, marked, found, unseen)

    def _read(self, text: str, pm: float | None) -> tuple[PolymerForm, Polymer]:
        return read_polymer(text, self.chain.degree_of_polymerisation, pm=pm, seed=self.chain.seed)

    def _asked(self, text: str, key: str) -> AskedPolymer:
        if self.marks is None:
            return AskedPolymer(key, key, ())
        # A chain that pm or marks have written out is a regular one without them.
        return self.marks.asked(key, lambda: self._read(without_marks(text), None)[1].key)


def parts_of(polymers: int) -> list[slice]:
    """Consecutive parts of a table, at least one; small ones in a small table, so that networks needn't wait for all."""
    size = min(POLYMERS_A_PART, max(10, polymers // 8))
    return [slice(start, start + size) for start in range(0, max(1, polymers), size)]


def read_parts(reader: Callable[..., Result], parts: Sequence[tuple], polymers: int) -> Generator[Result, None, None]:
    """``reader(*part)`` of every part, in order, by several processes where there are many polymers and cores.

    Parameters
    ----------
    reader : callable
    parts : sequence of tuple
    polymers : int
        In all parts.
    """
    if len(parts) == 1:
        yield reader(*parts[0])
        return
    # NumPy's threads would wait for their next product at full speed, on the cores that the reading needs.
    with one_blas_thread():
        yield from _read_parts(reader, parts, polymers)


def _read_parts(reader: Callable[..., Result], parts: Sequence[tuple], polymers: int) -> Generator[Result, None, None]:
    processes = min(joblib.cpu_count(), MOST_PROCESSES)
    done = 0
    if polymers >= FEWEST_POLYMERS and processes > 1:
        # Arrays go through a pipe: files to map them from are more than a small disk may hold.
        pool = joblib.Parallel(
            processes, backend="loky", batch_size=1, max_nbytes=None, return_as="generator", initializer=_give_way
        )
        ahead = processes * _PARTS_AHEAD
        try:
            with pool as workers:
                for start in range(0, len(parts), ahead):
                    tasks = (joblib.delayed(reader)(*part) for part in parts[start : start + ahead])
                    with _closing(workers(tasks)) as found:
                        for read in found:
                            done += 1
                            yield read
        except (BrokenProcessPool, PicklingError) as error:
            # Killed for want of memory, as a rule, or a feature function that no other process can have.
            warnings.warn(f"Other processes can't help to read the polymers ({error}); this one goes on.", stacklevel=2)
    for part in parts[done:]:
        yield reader(*part)


def _give_way() -> None:
    """Let this process, whose caller answers others too, have the cores when that one doesn't need them."""
    if hasattr(os, "nice"):
        os.nice(5)


@contextmanager
def _closing(found: Generator) -> Iterator[Generator]:
    """As `contextlib.closing`, without joblib's advice to ask for less when results are not wanted any more."""
    try:
        yield found
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.close()


def one_ahead(items: Generator, parts: int | None = None) -> Iterator:
    """The items, each made while the caller works on the one before; of a single part in the caller's own thread.

    To wake another thread for one SMILES takes longer than to compare it, on a machine with other things to do.
    """
    if parts == 1:
        yield from items
        return
    with ThreadPoolExecutor(1, "read-ahead") as reader:
        try:
            ahead = reader.submit(next, items, None)
            while (item := ahead.result()) is not None:
                ahead = reader.submit(next, items, None)
                yield item
        finally:
            # What the caller doesn't want any more ends in the thread that it began in.
            reader.submit(items.close)
