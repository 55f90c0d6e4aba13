"""BigSMILES of one stochastic object: its repeat units, and their order where bonding descriptors say it.

Lin et al., ACS Cent. Sci. 2019, 5, 1523, doi:10.1021/acscentsci.9b00476; weights of descriptors and distributions between bars
are those of G-BigSMILES, Schneider et al., Digital Discovery 2024, 3, 51, doi:10.1039/D3DD00147D.
"""

from __future__ import annotations

import re

from rdkit import Chem

from polyid.chemistry.chain import chain
from polyid.chemistry.pasted_text import TidyText
from polyid.chemistry.repeat_unit import unit_of
from polyid.chemistry.smiles import read_molecule
from polyid.common.text import shorten
from polyid.errors import PolymerError

_DESCRIPTOR = re.compile(r"\[([$<>])\d*\]")
_WEIGHT = re.compile(r"(\[[$<>]\d*)\|[^|\]]*\|\]")
_DISTRIBUTION = re.compile(r"\|[^|]*\|")
# Terminal descriptors stand before the first unit and behind the last: beside a descriptor of the unit, as a rule.
_D = r"\[[$<>]\d*\]"
_LEADING = (re.compile(rf"^{_D}(?={_D})"), re.compile(rf"^{_D}"))
_TRAILING = (re.compile(rf"(?<=\]){_D}$"), re.compile(rf"{_D}$"))


def read_bigsmiles(text: str) -> TidyText:
    """The repeat unit of a BigSMILES; ``A : B`` of several units, with ``block`` behind where they are in several objects.

    Raises
    ------
    PolymerError
        Objects are nested, empty or not closed, or a unit has not two bonding descriptors that fit each other.
    """
    shown = shorten(text)
    plain = _DISTRIBUTION.sub("", _WEIGHT.sub(r"\1]", text))
    objects = re.findall(r"\{([^{}]*)\}", plain)
    if not objects or plain.count("{") != len(objects) or plain.count("}") != len(objects):
        raise PolymerError(
            f"“{shown}” looks like BigSMILES with braces that are nested or not closed, which are not read; write the repeat "
            "unit with two attachment points, such as *CC(*)c1ccccc1."
        )
    notes = ["BigSMILES read as its repeat unit" + "s" * (len(objects) > 1)]
    if plain != text:
        notes.append("weights and distributions left out")
    ends = [end for end in re.split(r"\{[^{}]*\}", plain) if _DESCRIPTOR.sub("", end)]
    if ends:
        notes.append(f"end groups {shorten(' and '.join(ends))} left out")
    blocks = [_units(content, shown) for content in objects]
    if len(blocks) == 1:
        if len(blocks[0]) > 1:
            notes[0] = "BigSMILES read as its repeat units"
        return TidyText(" : ".join(blocks[0]), tuple(notes))
    if any(len(units) > 1 for units in blocks):
        raise PolymerError(
            f"“{shown}” is BigSMILES of blocks that are copolymers themselves, which are not supported; write the repeat units "
            "as A : B = 0.5 : 0.5 block."
        )
    return TidyText(" : ".join(units[0] for units in blocks) + " block", tuple(notes))


def _units(content: str, shown: str) -> list[str]:
    """The repeat units of one object, with ``*`` for descriptors; two that can only alternate, as one."""
    content = content.split(";")[0]
    written = [unit.strip() for unit in content.split(",")]
    for place, empty, terminals in ((0, r"^\[\]", _LEADING), (-1, r"\[\]$", _TRAILING)):
        written[place] = re.sub(empty, "", written[place]).strip()
        if len(_DESCRIPTOR.findall(written[place])) > 2:
            beside = next((terminal for terminal in terminals if terminal.search(written[place])), None)
            written[place] = written[place] if beside is None else beside.sub("", written[place])
    descriptors = ["".join(sorted(_DESCRIPTOR.findall(unit))) for unit in written]
    units = [_DESCRIPTOR.sub("*", unit) for unit in written]
    if sorted(descriptors) == ["<<", ">>"]:
        parsed = [molecule for unit in units if (molecule := read_molecule(unit)) is not None]
        if [_points(molecule) for molecule in parsed] == [2, 2]:
            return [Chem.MolToSmiles(chain([unit_of(unit) for unit in parsed], cap=0))]
    for unit, ends in zip(written, descriptors, strict=True):
        if ends not in ("$$", "<>"):
            raise PolymerError(
                f"“{shown}” is BigSMILES whose repeat unit {shorten(unit) or 'is empty and'} has the bonding descriptors "
                f"{' '.join(ends) or 'none'}; one [<] and one [>], or two [$], are read."
            )
    return units


def _points(molecule: Chem.Mol) -> int:
    return sum(atom.GetAtomicNum() == 0 for atom in molecule.GetAtoms())
