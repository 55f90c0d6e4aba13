"""When two texts are the same polymer: one key for all the ways to write it."""

from __future__ import annotations

from rdkit import Chem, rdBase

from polyid.chemistry.backbone import canonical_unit
from polyid.chemistry.copolymer_reading import read_copolymer
from polyid.chemistry.forms import PolymerForm, parse_polymer, refusing
from polyid.chemistry.polymerisation import monomers_of, repeat_units, without_stereo
from polyid.chemistry.repeat_unit import unit_of
from polyid.errors import PolymerError


@refusing
def polymer_identity(smiles: str) -> str:
    """Canonical key of a polymer, for grouping folds and finding duplicates.

    Tacticity and any other stereochemistry are left out. Repeat units get the same key however they are cut
    (``*CC(*)C``, ``*C(C)C*``), turned round, multiplied (``*CCCC*`` is ``*CC*``), or their attachment points spelled;
    monomers have the key of what they make. An oligomer has a key of its own. Copolymers of the same units get one
    key, whatever their ratio and architecture: what is known of one says much about the others.

    Parameters
    ----------
    smiles : str
        A polymer in any of its forms.

    Returns
    -------
    str
        The canonical repeat unit, or the canonical oligomer, or the sorted units of a copolymer with `` : `` between them, or
        the sorted monomers joined by dots where how they join is not known.

    Raises
    ------
    PolymerError
        As :func:`recognise_form`.
    """
    copolymer = read_copolymer(smiles)
    if copolymer is not None:
        single = copolymer.polymer if isinstance(copolymer.polymer, str) else copolymer.polymer.units[0]
        return copolymer.key or polymer_identity(single)
    molecule, form = parse_polymer(smiles)
    with rdBase.BlockLogs():
        Chem.RemoveStereochemistry(molecule)
        if form is PolymerForm.REPEAT_UNIT:
            return canonical_unit(unit_of(molecule))
        if form is PolymerForm.OLIGOMER:
            return without_stereo(Chem.MolToSmiles(molecule))
        monomers = sorted({without_stereo(monomer) for monomer in monomers_of(molecule)})
        try:
            (unit,) = repeat_units(monomers).units
        except PolymerError:
            return ".".join(monomers)
        return canonical_unit(unit)
