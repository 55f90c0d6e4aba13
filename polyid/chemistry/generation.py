"""Repeat units as those of a table might be: its pieces, joined at random where it joins such atoms.

Pieces follow one another along the backbone as often as they do in the table (a Markov chain over the bonds that
`polyid.chemistry.pieces.taken_apart` cuts), and side groups hang where the table has such ones. To make hypothetical polymers of
the fragments of known ones is what Kuenneth and Ramprasad did for polyBERT (Nat. Commun. 2023, 14, 4099) with the rules of BRICS;
here the table itself says what may be bonded to what.
"""

from __future__ import annotations

import itertools
import math
import random
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rdkit import Chem

from polyid.chemistry.pieces import Filled, Piece, taken_apart
from polyid.chemistry.smiles import read_molecule
from polyid.errors import DataError, PolymerError

_MOST_IN_VAIN = 5_000
_DEEPEST = 6
# Ring closures stand for the bonds between pieces; those of the rings in a piece have lower numbers.
_FIRST_CLOSURE, _CLOSURES = 40, 58
_BETWEEN_PIECES = ("-%98", "-%99")
_POINT = "(*)"

Ends = tuple[str, str]
"""What is at the two ends of a bond."""
Token = tuple[int, int, tuple]
"""A piece of a backbone: its number, which way it is read (0 if both are the same), and what hangs on it."""


@dataclass(frozen=True)
class Sizes:
    """How large generated units are, in heavy atoms: log-normal, and no larger than a limit.

    Attributes
    ----------
    median : float
    most : int
    spread : float
        Standard deviation of the logarithm.
    """

    median: float = 20.0
    most: int = 60
    spread: float = 0.45

    def draw(self, rng: random.Random) -> float:
        """One size."""
        return min(rng.lognormvariate(math.log(self.median), self.spread), float(self.most))


USUAL_SIZES = Sizes()
LIKE_A_PUBLIC_TABLE = Sizes(35.0, 100)
"""As the units of a large public table of polymers are: 35 heavy atoms in the middle, 100 at most."""


class UnitGenerator:
    """Makes repeat units of the pieces of others.

    Parameters
    ----------
    units : iterable of str
        Repeat units to learn from; those without a bond to cut, and what is no repeat unit, are passed over.

    Attributes
    ----------
    learnt_from : int
        Units that had pieces.

    Raises
    ------
    DataError
        None of them has.

    Examples
    --------
    >>> generator = UnitGenerator(["*CC(*)c1ccccc1", "*CC(*)C#N", "*OCCOC(=O)c1ccc(C(*)=O)cc1"])
    >>> list(itertools.islice(generator.units(seed=0), 3))
    """

    def __init__(self, units: Iterable[str]):
        backbone, side, bonds, hanging = Counter[Piece](), Counter[Piece](), Counter[Ends](), Counter[Ends]()
        self._tokens = _Tokens()
        self._known: set[int] = set()
        self.learnt_from = 0
        for pieces in filter(None, map(_pieces_of, units)):
            self.learnt_from += 1
            for filled in pieces:
                assert filled.turned is not None, "a backbone's piece can be read both ways"
                self._tokens.add(filled.piece, filled.turned)
                backbone.update((filled.piece, filled.turned))
                _count_sides(filled, 2, side, hanging)
            for left, right in zip(pieces, (*pieces[1:], pieces[0]), strict=True):
                ends = left.piece.ends[1], right.piece.ends[0]
                bonds.update((ends, ends[::-1]))
            self._known.add(self._tokens.of_polymer(pieces))
        if not backbone:
            raise DataError(
                "There is no repeat unit to make others of; give repeat units with two attachment points and a single bond "
                "in their backbone, such as *CC(*)c1ccccc1."
            )
        self._first = _Choice({piece: float(count) for piece, count in backbone.items()})
        self._next, self._hanging = _choices(bonds, backbone), _choices(hanging, side)
        self._bonds = set(bonds)
        # A unit goes beyond a size by about the piece that this lies in, which is larger than the others are.
        squares = sum(piece.atoms**2 * count for piece, count in backbone.items())
        self._usual_atoms = squares / sum(piece.atoms * count for piece, count in backbone.items())

    def units(self, seed: int = 0, sizes: Sizes = USUAL_SIZES) -> Iterator[str]:
        """Different polymers, none of those learnt from, as canonical SMILES of repeat units; without end.

        The same seed gives the same units. Memory grows by what tells the given ones apart, some 80 bytes each.

        Parameters
        ----------
        seed : int
        sizes : Sizes

        Raises
        ------
        DataError
            The pieces make no further ones of this size.
        """
        rng, seen = random.Random(seed), set(self._known)
        given = in_vain = 0
        while in_vain < _MOST_IN_VAIN:
            drawn = self._draw(rng, sizes.draw(rng), sizes.most)
            key = None if drawn is None else self._tokens.of_polymer(drawn)
            molecule = None if drawn is None or key in seen else read_molecule(_written(drawn))
            if key is None or molecule is None:
                in_vain += 1
                continue
            seen.add(key)
            given, in_vain = given + 1, 0
            yield str(Chem.MolToSmiles(molecule))
        raise DataError(
            f"The pieces of {self.learnt_from:,} repeat units make only {given:,} others of some {sizes.median:g} and at most "
            f"{sizes.most:,} heavy atoms; give a larger table, or ask for fewer or larger ones."
        )

    def _draw(self, rng: random.Random, size: float, most: int) -> list[Filled] | None:
        """The pieces of a chain's unit of about a size; None if they didn't come to an end that fits the beginning."""
        enough, atoms = size - self._usual_atoms, 0
        backbone: list[Filled] = []
        piece = self._first(rng)
        while True:
            filled = self._filled(piece, 2, rng)
            if filled is None:
                return None
            backbone.append(filled)
            atoms += filled.heavy_atoms
            if atoms > most:
                return None
            if atoms >= enough and (piece.ends[1], backbone[0].piece.ends[0]) in self._bonds:
                return backbone
            piece = self._next[piece.ends[1]](rng)

    def _filled(self, piece: Piece, taken: int, rng: random.Random, depth: int = 0) -> Filled | None:
        """A piece with side groups at all ends but the first ones, which are taken; None where these go on without end."""
        sides: list[Filled] = []
        for end in piece.ends[taken:]:
            side = None if depth == _DEEPEST else self._filled(self._hanging[end](rng), 1, rng, depth + 1)
            if side is None:
                return None
            sides.append(side)
        return Filled(piece, tuple(sides))


class _Choice:
    """Pieces to choose from, each as often as its weight says."""

    def __init__(self, weights: dict[Piece, float]):
        self._pieces = sorted(weights, key=lambda piece: (piece.text, piece.ends))
        self._sums = list(itertools.accumulate(weights[piece] for piece in self._pieces))

    def __call__(self, rng: random.Random) -> Piece:
        return self._pieces[bisect(self._sums, rng.random() * self._sums[-1], hi=len(self._sums) - 1)]


class _Tokens:
    """Tells polymers apart by the pieces that they are made of.

    What hangs on one piece is taken for the same wherever on it: a few polymers that differ in nothing else pass for one.
    """

    def __init__(self) -> None:
        self._backbone: dict[Piece, tuple[int, int]] = {}
        self._side: dict[Piece, int] = {}

    def add(self, piece: Piece, turned: Piece) -> None:
        """Number a piece of a backbone and what it is from behind."""
        if piece not in self._backbone:
            number, direction = len(self._backbone), int(piece != turned)
            self._backbone[piece] = (number, direction)
            if direction:
                self._backbone[turned] = (number, -1)

    def of_polymer(self, backbone: Sequence[Filled]) -> int:
        """A number that is the same wherever the units of a polymer begin, whichever way they run, and however many pass for one."""
        tokens: list[Token] = [(*self._backbone[filled.piece], self._of_sides(filled)) for filled in backbone]
        behind: list[Token] = [(number, -direction, sides) for number, direction, sides in reversed(tokens)]
        return hash(tuple(min(_least_rotation(tokens), _least_rotation(behind))))

    def _of_sides(self, filled: Filled) -> tuple:
        sides = [(self._side.setdefault(side.piece, len(self._side)), self._of_sides(side)) for side in filled.sides]
        return tuple(sorted(sides))


def _least_rotation(tokens: list[Token]) -> list[Token]:
    """The same for every place where a sequence that goes round may begin; of one that comes several times, the part that does."""
    n = len(tokens)
    period = next(p for p in range(1, n + 1) if n % p == 0 and tokens[p:] == tokens[: n - p])
    return min(tokens[start:period] + tokens[:start] for start in range(period))


def _pieces_of(text: str) -> tuple[Filled, ...]:
    try:
        return taken_apart(text)
    except PolymerError:
        return ()


def _count_sides(filled: Filled, taken: int, side: Counter[Piece], hanging: Counter[Ends]) -> None:
    """Count the side groups of a piece, theirs as well, and what they hang on; the first ends are taken otherwise."""
    for end, group in zip(filled.piece.ends[taken:], filled.sides, strict=True):
        side[group.piece] += 1
        hanging[end, group.piece.ends[0]] += 1
        _count_sides(group, 1, side, hanging)


def _choices(bonds: Counter[Ends], pieces: Counter[Piece]) -> dict[str, _Choice]:
    """For what is at one end of a bond, the pieces that may be at the other, as often as such bonds and these pieces are there."""
    by_end: dict[str, dict[Piece, int]] = {}
    for piece, count in pieces.items():
        by_end.setdefault(piece.ends[0], {})[piece] = count
    weights: dict[str, dict[Piece, float]] = {}
    for (end, other), bonded in bonds.items():
        total = sum(by_end[other].values())
        weights.setdefault(end, {}).update({piece: bonded * count / total for piece, count in by_end[other].items()})
    return {end: _Choice(of_end) for end, of_end in weights.items()}


def _written(backbone: Sequence[Filled]) -> str:
    """SMILES of a unit, piece by piece, the bonds between them as ring closures."""
    closures = itertools.cycle(f"-%{_FIRST_CLOSURE + number}" for number in range(_CLOSURES))
    parts: list[str] = []

    def write(filled: Filled, leading: tuple[str, ...]) -> None:
        own = [next(closures) for _ in filled.sides]
        parts.append(filled.piece.text.format(*leading, *own))
        for side, closure in zip(filled.sides, own, strict=True):
            write(side, (closure,))

    for place, filled in enumerate(backbone):
        head = _POINT if place == 0 else _BETWEEN_PIECES[place % 2]
        tail = _POINT if place == len(backbone) - 1 else _BETWEEN_PIECES[(place + 1) % 2]
        write(filled, (head, tail))
    return ".".join(parts)
