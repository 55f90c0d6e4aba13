"""Regular chains as arrays: atom for atom, bond for bond, fragment for fragment what RDKit makes of a molecule of the same chain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors as descriptors

from polyid.chemistry.arrays.chains import ChainArrays
from polyid.chemistry.arrays.conjugation import conjugated
from polyid.chemistry.arrays.counts import chain_arrays, local_counts
from polyid.chemistry.arrays.morgan import Fragments, combined, connectivity, morgan
from polyid.chemistry.arrays.patterns import AtomPatterns, feature_invariants
from polyid.chemistry.arrays.units import unit_facts
from polyid.chemistry.environments import GENERATORS, environments_in
from polyid.chemistry.forms import ELEMENTS
from polyid.chemistry.oligomer import read_polymer
from polyid.chemistry.polymer import LOCAL_REACH, Polymer
from polyid.data.catalogue import bundled_tables
from polyid.data.generated import generate_units

# Groups on which patterns of donors, acceptors, acids, bases, stiff bonds and polar surfaces turn.
SIDE_GROUPS = [
    *("O", "OC", "N", "NC", "N(C)C", "C(=O)O", "C(=O)OC", "C(=O)N", "C(=O)NC", "C(=O)N(C)C", "OC(=O)C", "NC(=O)C"),
    *("C#N", "N=C=O", "N=[N+]=[N-]", "[N+](=O)[O-]", "S", "SC", "S(=O)C", "S(=O)(=O)C", "S(=O)(=O)O", "S(=O)(=O)N"),
    *("P(=O)(O)O", "OP(=O)(OC)OC", "P(C)C", "B(O)O", "B1OCCO1", "[Si](C)(C)C", "[Si](OC)(OC)OC", "[SiH3]", "Br", "I"),
    *(
        "C(F)(F)F",
        "C(Cl)(Cl)Cl",
        "C(Br)(Br)Br",
        "C(C)(C)C",
        "C(C)(C)CC",
        "C(N)=N",
        "NC(N)=N",
        "C(N)=O",
        "C=O",
        "C(C)=O",
    ),
    *("N=Nc1ccccc1", "c1ccncc1", "c1ccc[nH]1", "n1cccc1", "n1ccnc1", "c1ncco1", "c1nccs1", "c1nn[nH]n1", "c1ccco1"),
    *("c1cccs1", "c1ccc[se]1", "c1cnoc1", "c1ncon1", "C1CO1", "C1CN1", "N1CC1", "C1CS1", "N1CCOCC1", "N1CCCC1=O"),
    *(
        "n1c2ccccc2c2ccccc21",
        "N1C(=O)C=CC1=O",
        "C1CC2CCC1C2",
        "C12CC3CC(CC(C3)C1)C2",
        "C1CCC2(CC1)OCCO2",
        "C1OCCOCCOCCO1",
    ),
    *("[N+](C)(C)CC(=O)[O-]", "[N+](C)(C)CCCS(=O)(=O)[O-]", "c1cc[n+]([O-])cc1", "[N+](C)(C)[O-]", "[N+]#[C-]", "N=C"),
    *("C#C", "C#CC", "CC#CC", "C=C", "C=C=C", "OO", "ON", "ON=C", "N=O", "NN", "C(=S)N", "C(=S)S", "N=C=S", "OC(=O)O"),
    *(
        "c1c(F)c(F)c(F)c(F)c1F",
        "c1ccc2ccccc2c1",
        "C(=O)c1ccccc1",
        "OC(F)(F)C(F)(F)F",
        "[Si]1(C)O[Si](C)(C)O1",
        "P(=O)(C)C",
    ),
    *("[Se]C", "S(=N)(=O)C", "S(F)(F)(F)(F)F", "N1C=CC=CC1=O", "c1cccc(=O)[nH]1", "c1cc(=O)cco1", "C1=CC(=O)C=CC1=O"),
]
BACKBONES = [
    *(
        "*C*",
        "*O*",
        "*S*",
        "*N*",
        "*[SiH2]*",
        "*C#C*",
        "*C=C*",
        "*CC*",
        "*OCC*",
        "*c1ccc(*)cc1",
        "*c1ccc(*)s1",
        "*c1ccc(*)o1",
    ),
    *("*c1ccc(*)[nH]1", "*n1ccc(*)c1", "*c1cnc(*)nc1", "*N=P(*)(C)C", "*N=P(*)(OCC(F)(F)F)OCC(F)(F)F", "*[Si](C)(C)O*"),
    *(
        "*P(=O)(C)O*",
        "*S(=O)(=O)c1ccc(*)cc1",
        "*S(=O)CC*",
        "*OS(=O)O*",
        "*NC(=O)N*",
        "*NC(=O)O*",
        "*OC(=O)O*",
        "*NN*",
        "*OO*",
    ),
    *(
        "*C(=O)N*",
        "*C(=O)C*",
        "*C(=O)C(*)=O",
        "*C(=O)O*",
        "*C(=O)NC*",
        "*C(=N)N*",
        "*C(=S)N*",
        "*N=C*",
        "*N=N*",
        "*C=N*",
    ),
    *("*CC=CC*", "*C=CC=C*", "*C(C#N)=C*", "*CC(=C)*", "*C1CC1*", "*C1OC1*", "*C1CCC(*)C1", "*C1(*)c2ccccc2-c2ccccc21"),
    *(
        "*c1ccc(N2C(=O)c3ccc(*)cc3C2=O)cc1",
        "*N1C(=O)c2cc3c(cc2C1=O)C(=O)N(*)C3=O",
        "*n1c(=O)c2cc3c(=O)n(*)c(=O)c3cc2c1=O",
    ),
    *(
        "*c1nc2cc3nc(*)oc3cc2o1",
        "*c1nc2cc(*)ccc2[nH]1",
        "*C(C)(C)*",
        "*C(F)(F)*",
        "*C(F)(F)C(F)(F)*",
        "*[Si](*)(C)c1ccccc1",
    ),
    *(
        "*B(C)O*",
        "*[Se]C*",
        "*C1CC2CCC1C2*",
        "*OC1COC2C1OCC2O*",
        "*C(=O)c1ccc(C(=O)NN*)cc1",
        "*SC(=O)N*",
    ),
    *("*[N+](C)(C)CC(*)C(=O)[O-]", "*C1C(=O)OC(=O)C1*", "*C1C(=O)NC(=O)C1*", "*N1CCN(*)CC1", "*CN1CCN(C*)CC1", "*SS*"),
]


def polymers_of(units: list[str], degree: int = 18) -> list[Polymer]:
    """Those of the polymers that are regular chains."""
    polymers = {}
    for text in units:
        polymer = read_polymer(text, degree)[1]
        if polymer.is_regular:
            polymers[polymer.key] = polymer
    return list(polymers.values())


def check_atoms(chains: ChainArrays, own: slice, molecule: Chem.Mol) -> None:
    atoms = list(molecule.GetAtoms())
    assert chains.element[own].tolist() == [atom.GetAtomicNum() for atom in atoms]
    assert chains.charge[own].tolist() == [atom.GetFormalCharge() for atom in atoms]
    assert chains.hydrogens[own].tolist() == [atom.GetTotalNumHs() for atom in atoms]
    assert chains.degree[own].tolist() == [atom.GetDegree() for atom in atoms]
    assert chains.in_ring[own].tolist() == [atom.IsInRing() for atom in atoms]
    assert chains.aromatic[own].tolist() == [atom.GetIsAromatic() for atom in atoms]
    for valence, atom in zip(chains.valence[own].tolist(), atoms, strict=True):
        assert atom.GetIsAromatic() or valence == atom.GetTotalValence()


def check_bonds(chains: ChainArrays, own: slice, molecule: Chem.Mol) -> None:
    here = (chains.source >= own.start) & (chains.source < own.stop)
    columns = (chains.source - own.start, chains.target - own.start, chains.order, chains.ring_size, conjugated(chains))
    found = {(a, b): tuple(rest) for a, b, *rest in zip(*(column[here].tolist() for column in columns), strict=True)}
    expected = {}
    for bond in molecule.GetBonds():
        ends = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        size = next(size for size in range(3, 500) if bond.IsInRingSize(size)) if bond.IsInRing() else 0
        expected[ends] = expected[ends[::-1]] = (int(bond.GetBondType()), size, bond.GetIsConjugated())
    assert found == expected


def check_fragments(found: Fragments, own: slice, molecule: Chem.Mol, generator: Any) -> None:
    here = (found.centres >= own.start) & (found.centres < own.stop)
    columns = (found.hashes[here], found.centres[here] - own.start, found.radii[here])
    expected = environments_in(molecule, generator)
    places, of_rdkit = (sorted(zip(*(own.tolist() for own in each), strict=True)) for each in (columns, expected))
    assert places == of_rdkit


def check(polymers: list[Polymer], reach: int = LOCAL_REACH) -> None:
    """All that arrays say of some polymers, against RDKit."""
    chains = chain_arrays(polymers, reach)
    numbers = connectivity(chains), feature_invariants(AtomPatterns(chains))
    structural, pharmacophoric = morgan(chains, numbers, (3, 2))
    for number, (polymer, counts) in enumerate(zip(polymers, local_counts(polymers), strict=True)):
        units = int(chains.units[number])
        molecule = polymer.chain_unit.chain(units)
        own = slice(*chains.starts[number : number + 2].tolist())
        check_atoms(chains, own, molecule)
        check_bonds(chains, own, molecule)
        assert numbers[0][own].tolist() == list(descriptors.GetConnectivityInvariants(molecule)), polymer.key
        assert numbers[1][own].tolist() == list(descriptors.GetFeatureInvariants(molecule)), polymer.key
        check_fragments(structural, own, molecule, GENERATORS[1][0])
        check_fragments(pharmacophoric, own, molecule, GENERATORS[2][0])
        assert chains.weight[own].sum() == polymer.degree * molecule.GetNumAtoms() / units
        # Of the whole chain, from which units in the middle are told by two short ones.
        longer = polymer.chain_unit.chain(units + 1)
        for function, value in counts.descriptors.items():
            one = function(molecule)
            whole = one + (polymer.degree - units) * (function(longer) - one)
            assert value == pytest.approx(whole, rel=1e-12, abs=1e-8), (polymer.key, function)


@pytest.mark.parametrize("chain", ["*CC(*){}", "*Oc9cc(*)cc({})c9", "*NCC(*){}"])
def test_side_groups_are_as_in_a_molecule(chain: str) -> None:
    polymers = polymers_of([chain.format(group) for group in SIDE_GROUPS])
    assert len(polymers) > 0.9 * len(SIDE_GROUPS)
    check(polymers)


@pytest.mark.parametrize("reach", [LOCAL_REACH, 8, 16])
@pytest.mark.parametrize("degree", [2, 3, 18])
def test_backbones_are_as_in_a_molecule(degree: int, reach: int) -> None:
    polymers = polymers_of(BACKBONES, degree)
    assert len(polymers) > 0.85 * len(BACKBONES)
    check(polymers, reach)


def test_all_bundled_and_two_thousand_generated_units_are_as_in_a_molecule() -> None:
    table = bundled_tables()["polymer_properties"]
    units = [*pd.read_csv(table)["repeat_unit"].unique(), *generate_units(2_000, 4, table)]
    polymers = polymers_of(units)
    for start in range(0, len(polymers), 200):
        check(polymers[start : start + 200])


@pytest.mark.parametrize("unit", ["*CC(*)c1ccc[nH]1", "*Oc1ccc(C(=O)N2CCN(*)CC2)cc1", "*[SiH2]CC(*)C[N+](=O)[O-]"])
def test_facts_of_a_unit_are_those_of_its_smiles(unit: str) -> None:
    # They were read from the molecule that the SMILES was written of.
    polymer = read_polymer(unit)[1]
    again = unit_facts(Chem.MolFromSmiles(polymer.smiles_or_unit), polymer.smiles_or_unit)
    for name, value in vars(polymer.facts).items():
        assert (
            np.array_equal(value, getattr(again, name))
            if name in ("bonds", "orders")
            else name == "rings" or (value == getattr(again, name))
        )


def test_polymers_read_together_are_read_as_alone() -> None:
    polymers = polymers_of(BACKBONES)
    together = local_counts(polymers)
    for polymer, counts in list(zip(polymers, together, strict=True))[::5]:
        chains = chain_arrays([polymer], LOCAL_REACH)
        (found,) = morgan(chains, [connectivity(chains)], [3])
        hashes, place = np.unique(found.hashes, return_inverse=True)
        assert np.array_equal(hashes, counts.fragments[1][0])
        assert np.array_equal(np.bincount(place, chains.weight[found.centres]), counts.fragments[1][1])


def test_no_two_kinds_of_atoms_have_one_number() -> None:
    # What an atom is, is told from RDKit's hash of it.
    elements = [Chem.GetPeriodicTable().GetAtomicNumber(symbol) for symbol in ELEMENTS] + [0]
    values = (elements, range(7), range(5), range(-2, 3))
    columns = [column.ravel() for column in np.meshgrid(*values, indexing="ij")]
    number = np.zeros(len(columns[0]), np.uint32)
    for column in (*columns, 0 * columns[0]):
        number = combined(number, column.astype(np.uint32))
    assert len({*number.tolist(), *combined(number, np.uint32(1)).tolist()}) == 2 * len(number)
