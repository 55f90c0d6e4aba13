"""Preprocessors of one's own that upstream has: the tacticity of a chain as a number, and bins of molar masses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rdkit import Chem

from polyid.chemistry.oligomer import to_oligomer
from polyid.chemistry.tacticity import meso_share
from polyid.graphs.batch import pack
from polyid.graphs.features import FEATURES, resolve_feature
from polyid.graphs.molecular import weighted_union
from polyid.graphs.preprocessor import check_preprocessor, read_preprocessor
from polyid.graphs.refinement import compress
from polyid.graphs.together import compress_all
from polyid.preprocessors import PmPreprocessor, WeightDiscPreprocessor


@pytest.mark.parametrize("unit", ["*CC(*)C", "*CC(*)c1ccccc1", "*CC(*)Cl", "*OC(C)C(=O)*"])
@pytest.mark.parametrize(("pm", "expected"), [(1.0, 1.0), (0.0, 0.0), (0.5, 0.5)])
def test_the_share_of_meso_dyads_is_read_off_a_chain_that_was_drawn_with_it(unit, pm, expected):
    drawn = to_oligomer(unit, 21, pm=pm)
    for text in (drawn, Chem.MolToSmiles(Chem.MolFromSmiles(drawn), doRandom=True)):
        share = meso_share(Chem.MolFromSmiles(text))
        assert share == (expected if pm != 0.5 else pytest.approx(0.5, abs=0.1))
    assert meso_share(Chem.MolFromSmiles(to_oligomer("*CC*", 5))) is None


def test_numbers_of_a_polymer_go_with_its_graph_into_the_batch():
    preprocessor = PmPreprocessor(explicit_hs=False)
    graphs = [preprocessor.molecular_graph(to_oligomer("*CC(*)C", 6, pm=pm)) for pm in (1.0, 0.0)]
    graphs.append(weighted_union(graphs, [3.0, 1.0]))
    preprocessor.fit(graphs)
    for quotients in (compress_all(graphs, 2), [compress(graph, 2) for graph in graphs]):
        tokens = [preprocessor.tokenise(quotient) for quotient in quotients]
        batch = pack([quotients, quotients[:1]], [tokens, tokens[:1]], None, 4)
        expected = [[[1.0, 0.0, 0.75, 0.0], [1.0, 0.0, 0.0, 0.0]]]
        np.testing.assert_allclose(batch["graph_numbers"], expected)


def test_bond_features_of_version_2_are_nfps():
    from nfp.preprocessing import features

    ours = FEATURES["bond_features_v2"]
    assert resolve_feature(features.bond_features_v2) is ours
    for smiles in ["C/C=C/C", "CC=CC", "c1ccccc1OC", "C1CCCCCCCCCCCCC1", "C1CC1C(=O)[O-]"]:
        molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
        for bond in molecule.GetBonds():
            assert ours(bond) == features.bond_features_v2(bond)
    assert str(ours.hydrogen("C")) == features.bond_features_v2(Chem.AddHs(Chem.MolFromSmiles("C")).GetBondWithIdx(0))


def test_molar_masses_are_sorted_into_bins_of_equal_numbers():
    check_preprocessor(WeightDiscPreprocessor)
    preprocessor = WeightDiscPreprocessor(n_bins=4, explicit_hs=False)
    masses = np.arange(1.0, 61.0) * 1000
    preprocessor.fit_rows(pd.DataFrame({"Mn": masses.astype(str), "Mw": 2 * masses}))
    expected = pd.qcut(masses, 4, labels=False) + 1
    read = read_preprocessor(preprocessor.to_dict(), {"WeightDiscPreprocessor": WeightDiscPreprocessor})
    for known in (preprocessor, read):
        rows = pd.DataFrame({"smiles_polymer": "CCO", "Mn": masses, "Mw": 50_000.0})
        found = [known(row)["mn_bin"] for _, row in rows.iterrows()]
        # Where a mass is the edge itself, either side is right.
        assert np.abs(np.array(found) - expected).sum() <= 3 and set(found) == {1, 2, 3, 4}
        odd = pd.Series({"smiles_polymer": "CCO", "Mn": None, "Mw": 1e9})
        assert (known(odd)["mn_bin"], known(odd)["mw_bin"]) == (0, 6)
    assert "mn_bin" in preprocessor("CCO") and WeightDiscPreprocessor()("CCO")["mw_bin"] == 0
