"""What programs may ask this Space: typed functions for gradio_client, plain HTTP and MCP, which say what their parameters mean.

Their docstrings have the form that Gradio reads (Args), since pages and tools show them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import contextmanager
from functools import wraps
from inspect import Parameter, signature
from typing import Any

import answers
import gradio as gr
from answers import Shown
from gradio.components.api_component import Api
from gradio.utils import get_function_description
from model_state import Loaded
from model_versions import FOLLOWED, ModelVersions

from polyid.bundle.layout import METRICS_FILE
from polyid.common.files import read_json
from polyid.config.settings import INTERVAL_LEVEL
from polyid.data.properties import property_label
from polyid.errors import PolyIDError, PolymerError
from polyid.inference.records import unit_of

MOST_A_CALL = 1_000
"""Polymers in a call of `predict_batch`."""


class Answer(dict):
    """What an endpoint answers. Gradio hands str() of it to MCP, which shall be the JSON that all others get."""

    def __str__(self) -> str:
        return json.dumps(self, ensure_ascii=False)


class Page(gr.Blocks):
    """A page whose functions for programs may be sent fewer values than they have parameters, over plain HTTP too; Gradio refuses them."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *further: Any, **named: Any) -> list[Any]:
        """As Gradio's, after the values that are missing at the end have been put there: those of the parameters that have one."""
        missing = block_fn.inputs[len(inputs) :]
        if missing and isinstance(missing[0], Api):
            defaults = [parameter.default for parameter in signature(block_fn.fn).parameters.values()][len(inputs) :]
            inputs = [*inputs, *(value for value in defaults if value is not Parameter.empty)]
        return await super().preprocess_data(block_fn, inputs, *further, **named)


class Endpoints:
    """What programs may ask, in front of a model and its other versions."""

    def __init__(self, versions: ModelVersions) -> None:
        self.service, self.versions = versions.service, versions

    def predict(self, smiles: str, level: float = INTERVAL_LEVEL, version: str = FOLLOWED) -> dict:
        """Predict the properties of a polymer: values with prediction intervals, the domain verdict and the nearest training polymers.

        Args:
            smiles: A polymer: a name such as polystyrene, a repeat unit such as *CC(*)c1ccccc1, monomers joined by dots, or a copolymer A : B = 0.7 : 0.3 random. Up to 100 polymers, one a line.
            level: Share of measured values that the intervals are to hold, between 0 and 1.
            version: Tag, branch or commit of the model repo to answer with; by default the one that this Space follows.

        Returns:
            {"model": {"repo_id", "commit", "tag", "starter", ...}, "level", "predictions": [{"smiles", "form", "error", "read_as", "marks_ignored", "measured", "properties": [{"name", "label", "unit", "value", "std", "expected_error", "lower", "upper", "measured", "marks_ignored"}], "domain", "domain_reason", "nearest_training_polymers"}]}; a polymer that can't be read has an error and no properties.
        """
        with _explained():
            return self._answer(answers.polymers_in(smiles), level, version)

    def predict_batch(self, polymers: list[str], level: float = INTERVAL_LEVEL, version: str = FOLLOWED) -> dict:
        """Predict the properties of many polymers; one that can't be read has an error and does not stop the others.

        Args:
            polymers: Up to 1,000 polymers, each as in predict.
            level: Share of measured values that the intervals are to hold, between 0 and 1.
            version: Tag, branch or commit of the model repo to answer with; by default the one that this Space follows.

        Returns:
            As predict, one record a polymer, in their order.
        """
        with _explained():
            return self._answer(answers.listed_polymers(polymers, MOST_A_CALL), level, version)

    def explain(self, smiles: str, version: str = FOLLOWED) -> dict:
        """Explain the predictions for one polymer: the exact share of every atom of its repeat unit in each property.

        Args:
            smiles: One polymer, as in predict.
            version: Tag, branch or commit of the model repo to answer with; by default the one that this Space follows.

        Returns:
            {"model": {...}, "properties": [{"name", "unit", "prediction", "terms": {...}, "repeat_unit", "atoms": [...]}]}; the terms and no others sum to the prediction, and atoms are numbered as in the repeat unit's SMILES.
        """
        with _explained():
            loaded = self._model(version)
            explained = self.service.explain(answers.polymer_in(smiles), loaded)
        return Answer(model=answers.provenance(loaded), properties=[why.record() for why in explained.values()])

    def model_info(self, version: str = FOLLOWED) -> dict:
        """Describe the model that answers: where it is from, what it predicts, how good it is on polymers that it did not see.

        Args:
            version: Tag, branch or commit of the model repo to answer with; by default the one that this Space follows.

        Returns:
            {"model": {...}, "properties": [{"name", "label", "unit", "figures": {"n", "MAE", "RMSE", "R2", "coverage", ...}, "training_values": {"n", "lowest", "lower_quartile", "median", "upper_quartile", "highest"}}], "data": {...}, "training": {...}}
        """
        with _explained():
            loaded = self._model(version)
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

    def _model(self, version: Any) -> Loaded:
        if not isinstance(version, str | None):
            raise PolymerError("A version is sent as text: a tag, branch or commit of the model repo.")
        return self.versions.at((version or FOLLOWED).strip())

    def _answer(self, polymers: list[str], level: Any, version: Any) -> dict[str, Any]:
        wanted = answers.level_of(level)
        return Answer(answers.as_json(Shown(*self.service.predict(polymers, wanted, loaded=self._model(version)))))


def _with_its_signature(function: Callable[..., dict]) -> Callable[..., dict]:
    """The same function, whose signature needn't be found out again: Gradio asks for it at every call."""

    @wraps(function)
    def endpoint(*values: Any, **named: Any) -> dict:
        return function(*values, **named)

    endpoint.__signature__ = signature(function)  # type: ignore[attr-defined]
    return endpoint


def _offer(function: Callable[..., dict]) -> None:
    gr.api(_with_its_signature(function), api_name=function.__name__, queue=False)
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
