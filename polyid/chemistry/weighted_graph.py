"""Polymers as the wD-MPNN takes them: monomers with numbered attachment points, fractions, and weights of the bonds between.

``[*:1]CC([*:2])C.[*:3]CC([*:4])c1ccccc1|0.7|0.3|<1-3:0.25:0.25<1-4:…``, with ``~`` and a degree of polymerisation behind it
(Aldeghi and Coley, Chem. Sci. 2022, 13, 10486, doi:10.1039/D2SC02839E).
"""

from __future__ import annotations

import math
import re

from polyid.chemistry.pasted_text import TidyText
from polyid.common.text import shorten
from polyid.errors import PolymerError

_NUMBER = r"\d*\.?\d+(?:[eE]-?\d+)?"
_EDGE = re.compile(rf"<(\d+)-(\d+):({_NUMBER}):({_NUMBER})")
_POINT = re.compile(r"\[\*:(\d+)\]")
_TOLERANCE = 0.05


def is_weighted_graph(text: str) -> bool:
    """Whether a text has the marks of the notation: points in brackets, and bars with edges behind them."""
    return "[*:" in text and "|" in text and "<" in text


def read_weighted_graph(text: str) -> TidyText:
    """Its repeat units, fractions and architecture as ``A : B = 0.7 : 0.3 random``; the unit alone of a homopolymer.

    Units alternate where no bond leads from one to itself, are in blocks where more do than chance makes, and else random.

    Raises
    ------
    PolymerError
        Fractions, points or edges don't fit the monomers.
    """
    shown = shorten(text)
    body, _, degree = text.partition("~")
    smiles, *fields = body.split("|")
    monomers, edges = smiles.split("."), fields.pop() if fields else ""
    points = [_POINT.findall(monomer) for monomer in monomers]
    try:
        fractions = [float(field) for field in fields]
    except ValueError:
        fractions = []
    total = sum(fractions)
    if len(fractions) != len(monomers) or not 0 < total < math.inf or min(fractions) < 0:
        raise PolymerError(
            f"“{shown}” has {len(monomers)} monomer{'s' * (len(monomers) > 1)} and {len(fractions)} readable fractions; write "
            "one fraction for each between bars, such as A.B|0.7|0.3|<1-3:0.5:0.5."
        )
    if any(len(numbers) != 2 for numbers in points):
        raise PolymerError(
            f"“{shown}” has a monomer with {max(len(n) for n in points if len(n) != 2)} attachment points; two each are read."
        )
    units = [_POINT.sub("*", monomer) for monomer in monomers]
    if len(units) == 1:
        return TidyText(units[0], ("monomer, fraction and bonds read as the repeat unit",))
    architecture = _architecture(edges, points, [fraction / total for fraction in fractions], shown)
    ratio = (
        "" if architecture == "alternating" else " = " + " : ".join(f"{fraction / total:.6g}" for fraction in fractions)
    )
    notes = [f"weights of bonds read as {architecture} order"]
    if degree:
        notes.append(f"degree of polymerisation {shorten(degree)} left out")
    return TidyText(" : ".join(units) + f"{ratio} {architecture}", tuple(notes))


def _architecture(edges: str, points: list[list[str]], fractions: list[float], shown: str) -> str:
    """Told from how much of a monomer's bonds lead to the same monomer."""
    monomer_of = {number: index for index, numbers in enumerate(points) for number in numbers}
    to_itself, to_any = [0.0] * len(points), [0.0] * len(points)
    read = 0
    for match in _EDGE.finditer(edges):
        read += len(match[0])
        for one, other, weight in {(match[1], match[2], match[3]), (match[2], match[1], match[4])}:
            if one not in monomer_of or other not in monomer_of:
                raise PolymerError(
                    f"“{shown}” has an edge {match[0]} of a point that no monomer has; correct its numbers."
                )
            to_any[monomer_of[one]] += float(weight)
            to_itself[monomer_of[one]] += float(weight) * (monomer_of[one] == monomer_of[other])
    if not read or read != len(edges) or not all(to_any):
        raise PolymerError(
            f"“{shown}” has edges that can't be read; write them as <1-3:0.5:0.5, of each monomer one at least."
        )
    shares = [own / every for own, every in zip(to_itself, to_any, strict=True)]
    if max(shares) < _TOLERANCE:
        return "alternating"
    above_chance = [share - fraction for share, fraction in zip(shares, fractions, strict=True)]
    return "block" if min(above_chance) > _TOLERANCE else "random"
