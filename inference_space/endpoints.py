"""What programs may ask this Space: typed functions for gradio_client, plain HTTP and MCP, which say what their parameters mean.

Their docstrings have the form that Gradio reads (Args), since pages and tools show them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import answers
import gradio as gr
from answers import Shown
from gradio.utils import get_function_description
from model_service import ModelService

from polyid.bundle.layout import METRICS_FILE
from polyid.common.files import read_json
from polyid.config.settings import INTERVAL_LEVEL
from polyid.data.properties import property_label
from polyid.errors import PolyIDError
from polyid.inference.records import unit_of

MOST_A_CALL = 1_000
"""Polymers in a call of `predict_batch`."""


class Answer(dict):
    """What an endpoint answers. Gradio hands str() of it to MCP, which shall be the JSON that all others get."""

    def __str__(self) -> str:
        return json.dumps(self, ensure_ascii=False)


class Endpoints:
    """What programs may ask, in front of a model service."""

    def __init__(self, service: ModelService) -> None:
        self.service = service

    def predict(self, smiles: str, level: float = INTERVAL_LEVEL) -> dict:
        """Predict the properties of a polymer: values with prediction intervals, the domain verdict and the nearest training polymers.

        Args:
            smiles: A polymer: a name such as polystyrene, a repeat unit such as *CC(*)c1ccccc1, monomers joined by dots, or a copolymer A : B = 0.7 : 0.3 random. Up to 100 polymers, one a line.
            level: Share of measured values that the intervals are to hold, between 0 and 1.

        Returns:
            {"model": {"repo_id", "commit", "tag", "starter", ...}, "level", "predictions": [{"smiles", "form", "error", "read_as", "marks_ignored", "measured", "properties": [{"name", "label", "unit", "value", "std", "expected_error", "lower", "upper", "measured", "marks_ignored"}], "domain", "domain_reason", "nearest_training_polymers"}]}; a polymer that can't be read has an error and no properties.
        """
        with _explained():
            return self._answer(answers.polymers_in(smiles), level)

    def predict_batch(self, polymers: list[str], level: float = INTERVAL_LEVEL) -> dict:
        """Predict the properties of many polymers; one that can't be read has an error and does not stop the others.

        Args:
            polymers: Up to 1,000 polymers, each as in predict.
            level: Share of measured values that the intervals are to hold, between 0 and 1.

        Returns:
            As predict, one record a polymer, in their order.
        """
        with _explained():
            return self._answer(answers.listed_polymers(polymers, MOST_A_CALL), level)

    def explain(self, smiles: str) -> dict:
        """Explain the predictions for one polymer: the exact share of every atom of its repeat unit in each property.

        Args:
            smiles: One polymer, as in predict.

        Returns:
            {"model": {...}, "properties": [{"name", "unit", "prediction", "terms": {...}, "repeat_unit", "atoms": [...]}]}; the terms and no others sum to the prediction, and atoms are numbered as in the repeat unit's SMILES.
        """
        with _explained():
            loaded = self.service.ready()
            explained = self.service.explain(answers.polymer_in(smiles), loaded)
        return Answer(model=answers.provenance(loaded), properties=[why.record() for why in explained.values()])

    def model_info(self) -> dict:
        """Describe the model that answers: where it is from, what it predicts, how good it is on polymers that it did not see.

        Returns:
            {"model": {...}, "properties": [{"name", "label", "unit", "figures": {"n", "MAE", "RMSE", "R2", "coverage", ...}, "training_values": {"n", "lowest", "lower_quartile", "median", "upper_quartile", "highest"}}], "data": {...}, "training": {...}}
        """
        with _explained():
            loaded = self.service.ready()
        model, metrics = loaded.model, loaded.bundle.folder / METRICS_FILE
        figures = read_json(metrics)["out_of_fold"] if metrics.is_file() else {}
        training = loaded.training_values
        return Answer(
            model=answers.provenance(loaded),
            properties=[
                {
                    "name": name,
                    "label": property_label(name),
                    "unit": unit_of(model.prediction_units, name),
                    "figures": figures.get(name),
                    "training_values": training[name].record() if name in training else None,
                }
                for name in model.prediction_columns
            ],
            data=model.metadata.get("data"),
            training=model.metadata.get("training"),
        )

    def health(self) -> dict:
        """Say whether the Space answers, and with what: its own model, the starter model until that is there, or nothing yet.

        Returns:
            {"ready": true or false, "phase", "sentence", "trouble", "model": {...} or null}
        """
        status = self.service.status
        return Answer(
            ready=status.loaded is not None,
            phase=status.phase,
            sentence=status.sentence,
            trouble=status.trouble,
            model=answers.provenance(status.loaded) if status.loaded else None,
        )

    def register(self) -> None:
        """Offer all of them in the page that is being built, each parameter with its name and meaning."""
        for function in (self.predict, self.predict_batch, self.explain, self.model_info, self.health):
            _offer(function)

    def _answer(self, polymers: list[str], level: Any) -> dict[str, Any]:
        return Answer(answers.as_json(Shown(*self.service.predict(polymers, answers.level_of(level)))))


def _offer(function: Callable[..., dict]) -> None:
    gr.api(function, api_name=function.__name__, queue=False)
    _, meanings, _ = get_function_description(function)
    *_, block = gr.context.Context.root_block.fns.values()
    # Gradio calls them "1st" and "2nd" otherwise, and says nothing of what they mean.
    for component, (name, meaning) in zip(block.inputs, meanings.items(), strict=True):
        component.label = name
        component.api_info()["description"] = component.api_info()["additional_description"] = meaning


@contextmanager
def _explained():
    """Refusals as the client shows them, without a traceback in the log."""
    try:
        yield
    except PolyIDError as problem:
        raise gr.Error(str(problem), print_exception=False) from problem
