"""When two texts are the same polymer: one key for all the ways to write it."""

from __future__ import annotations

from rdkit import Chem, rdBase

from polyid.chemistry.backbone import canonical_unit
from polyid.chemistry.copolymer_reading import read_copolymer
from polyid.chemistry.forms import PolymerForm, parse_polymer, refusing
from polyid.chemistry.repeat_unit import unit_of


@refusing
def polymer_identity(smiles: str) -> str:
    """Canonical key of a polymer, for grouping folds and finding duplicates.

    Tacticity and any other stereochemistry are left out. Repeat units get the same key however they are cut
    (``*CC(*)C``, ``*C(C)C*``), turned round, multiplied (``*CCCC*`` is ``*CC*``), or their attachment points spelled;
    monomers in any order. The same polymer written in two different forms gets two keys. Copolymers of the same units get one
    key, whatever their ratio and architecture: what is known of one says much about the others.

    Parameters
    ----------
    smiles : str
        A polymer in any of its forms.

    Returns
    -------
    str
        The canonical repeat unit, or the sorted monomers joined by dots, or the canonical oligomer, or the sorted units of a
        copolymer with `` : `` between them.

    Raises
    ------
    PolymerError
        As :func:`recognise_form`.
    """
    copolymer = read_copolymer(smiles)
    if copolymer is not None:
        return copolymer.key or polymer_identity(str(copolymer.polymer))
    molecule, form = parse_polymer(smiles)
    with rdBase.BlockLogs():
        Chem.RemoveStereochemistry(molecule)
        if form is PolymerForm.REPEAT_UNIT:
            return canonical_unit(unit_of(molecule))
        return ".".join(sorted({Chem.MolToSmiles(part) for part in Chem.GetMolFrags(molecule, asMols=True)}))
