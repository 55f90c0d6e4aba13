"""The recipes of CONTRIBUTING.md, run as they stand there: what they add is used by the code it was added to."""

import re

import numpy as np
import pandas as pd
import pytest
from helpers.paths import TOP
from helpers.random_predictors import PROPERTIES as PREDICTED
from helpers.random_predictors import predictor_of
from helpers.tiny_models import PARAMETERS, small_table

from polyid import MultiModel
from polyid.data import catalogue, properties
from polyid.graphs import features
from polyid.training import backends

TEXT = (TOP / "CONTRIBUTING.md").read_text("utf-8")
RECIPES = dict(re.findall(r"^### (A[n]? [^\n]+)\n.*?```python\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE))


@pytest.fixture
def walk():
    """Runs a recipe; what it registers is forgotten after the test."""
    registries = (properties.PROPERTIES, features.FEATURE_SETS, catalogue.SOURCES, backends.BACKENDS)
    before = [dict(registry) for registry in registries]

    def run(title: str) -> dict:
        namespace: dict = {"__name__": "recipe"}
        exec(compile(RECIPES[title], f"CONTRIBUTING.md: {title}", "exec"), namespace)
        return namespace

    yield run
    for registry, content in zip(registries, before, strict=True):
        registry.clear()
        registry.update(content)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    small_table().to_csv(path, index=False)
    return path


def trained(table, builder=None, **features_of_atoms_and_bonds):
    from polyid.nn.builders import global100

    ensemble = MultiModel()
    ensemble.load_dataset(table, ["Tg", "Tm"])
    ensemble.split_data(2, seed=1)
    ensemble.generate_data_scaler()
    ensemble.generate_preprocessors(explicit_hs=False, **features_of_atoms_and_bonds)
    ensemble.train_models(builder or global100, model_params={**PARAMETERS, "epochs": 1}, verbose=False)
    return ensemble


def test_each_thing_that_can_be_added_has_a_recipe():
    assert set(RECIPES) == {
        *("A property", "A feature set", "A network", "A number of the whole polymer", "A data source", "A backend"),
        "An interval method",
    }


def test_a_property_is_read_by_its_synonyms(walk, tmp_path):
    walk("A property")
    from polyid.data.training_table import read_training_table

    path = tmp_path / "measured.csv"
    path.write_text("smiles,nD\n*CC(*)c1ccccc1,1.59\n*CC*,0.2\n")
    table = read_training_table(path)
    assert table.labels == {"Refractive_Index": 2}
    assert "outside 1.2 to 2" in table.problems["problem"].iloc[0]


def test_a_feature_set_is_what_a_network_sees(walk, table):
    added = walk("A feature set")
    ensemble = trained(table, atom_features=added["elements"], bond_features=added["orders"])
    classes = ensemble.models[0].preprocessor.to_dict()["atom_classes"]
    assert {"('C',)", "('O',)"} <= set(classes)
    assert features.feature_set("elements") == (added["elements"], added["orders"])


def test_a_network_is_the_one_that_is_trained(walk, table):
    added = walk("A network")
    ensemble = trained(table, added["damped"])
    assert isinstance(ensemble.models[0].model, added["DampedNetwork"])


def test_a_number_of_the_whole_polymer_is_in_the_batch(walk):
    from polyid.graphs.batch import pack

    preprocessor = walk("A number of the whole polymer")["SizedPreprocessor"](explicit_hs=False)
    graphs = preprocessor.featuriser(rounds=1)(["CCO", "CCCC"])
    preprocessor.fit(graphs)
    batch = pack([graphs], [[preprocessor.tokenise(graph) for graph in graphs]])
    assert [numbers.tolist() for numbers in batch["graph_numbers"]] == [[[3.0, 4.0]]]


def test_a_data_source_is_asked_for_by_name(walk):
    walk("A data source")
    source = catalogue.SOURCES["my-table"]
    assert source.url("http://here") == f"http://here/owner/repository/{source.commit}/data/table.csv"
    assert "MIT, © whom" in source.notice


def test_a_backend_takes_the_steps(walk, table):
    added = walk("A backend")
    assert backends.steps_class() is added["PlainSteps"]
    assert len(trained(table).df_loss_log) == 2


def test_an_interval_method_is_asked_for_widths(walk):
    from polyid.chemistry.oligomer import ChainSettings
    from polyid.inference.maker import PredictionMaker

    method = walk("An interval method")["TwoDeviations"]()
    predictor = predictor_of("stereo", False)
    maker = PredictionMaker(predictor, tuple(PREDICTED), ("0", "1", "2"), method, None, None)
    (found,) = maker.in_parts(["*CC(*)C"], 0.9, ChainSettings())
    np.testing.assert_allclose(found.upper - found.lower, 4 * found.std)
    assert isinstance(found.to_frame(), pd.DataFrame)
