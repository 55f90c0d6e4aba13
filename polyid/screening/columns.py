"""The columns that a screen can give, and which of them a user means by a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from polyid.common.text import listed
from polyid.data.properties import find_property
from polyid.errors import DataError
from polyid.inference.columns import (
    DOMAIN,
    DOMAIN_REASON,
    FIGURES,
    MARKS_IGNORED,
    MEAN,
    MEASURED,
    NEAREST,
    STD,
    prediction_column,
)

_TEXTS = ("form", "read_as", "smiles_polymer", MEASURED, MARKS_IGNORED)
_JUDGED = (DOMAIN, DOMAIN_REASON, NEAREST)


@dataclass(frozen=True)
class ResultColumns:
    """What there is to choose from.

    Attributes
    ----------
    properties : tuple of str
        Of the model.
    figures : tuple of str
        Those of `polyid.inference.columns.FIGURES` that the model gives.
    judged : bool
        Whether the model knows its domain of validity.
    inputs : mapping of str to bool or None
        Columns of the input, and whether each holds numbers (True) or texts (False), or neither.
    """

    properties: tuple[str, ...]
    figures: tuple[str, ...]
    judged: bool
    inputs: Mapping[str, bool | None]

    @classmethod
    def of_model(
        cls, properties: Sequence[str], calibrated: bool, judged: bool, inputs: Mapping[str, bool | None]
    ) -> ResultColumns:
        """Those of a model, which may be calibrated or not, and of an input."""
        return cls(tuple(properties), FIGURES if calibrated else FIGURES[:2], judged, inputs)

    @property
    def predicted(self) -> dict[str, bool]:
        """Columns that the model fills, and whether each holds numbers."""
        numbers = {prediction_column(name, figure): True for name in self.properties for figure in self.figures}
        return numbers | dict.fromkeys((*_TEXTS, *(_JUDGED if self.judged else ())), False)

    @property
    def usual(self) -> list[str]:
        """Columns where none are chosen: those of the input, the figures but the members' spread, and the verdict."""
        predicted = [column for name in self.properties for column in self._figures_of(name)]
        predicted += [DOMAIN] if self.judged else []
        return [column for column in self.inputs if column not in self.predicted] + predicted

    def _figures_of(self, name: str) -> list[str]:
        return [prediction_column(name, figure) for figure in self.figures if figure != STD]

    def find(self, name: str) -> str:
        """The column that a name stands for; a property stands for its predicted value.

        Raises
        ------
        DataError
            There is none; the message has the nearest one.
        """
        if name in self.properties:
            return prediction_column(name, MEAN)
        if name in self.predicted or name in self.inputs:
            return name
        if (meant := find_property(name)) is not None:
            for own in self.properties:
                if (called := find_property(own)) is not None and called[0] is meant[0]:
                    return prediction_column(own, MEAN)
        raise DataError(self._unknown(name))

    def compared(self, name: str) -> tuple[str, bool]:
        """The column that a name stands for, and whether it holds numbers; a DataError where it holds neither these nor texts."""
        column = self.find(name)
        is_number = self.predicted.get(column, self.inputs.get(column))
        if is_number is None:
            raise DataError(
                f"The column {column!r} holds neither numbers nor texts, so that rows can't be chosen by it."
            )
        return column, is_number

    def chosen(self, names: Sequence[str] | None) -> list[str]:
        """The columns that names stand for, each once; of a property all its figures, and `usual` ones where none is named."""
        if names is None:
            return self.usual
        columns: list[str] = []
        by_mean = {prediction_column(name, MEAN): name for name in self.properties}
        for name in names:
            column = self.find(name)
            columns += self._figures_of(by_mean[column]) if column in by_mean and column != name else [column]
        return list(dict.fromkeys(columns))

    def _unknown(self, name: str) -> str:
        known = [*self.properties, *self.inputs, *self.predicted]
        by_folded = {column.casefold(): column for column in reversed(known)}
        near = get_close_matches(name.casefold(), by_folded, 1, 0.5)
        hint = f"; did you mean {by_folded[near[0]]}?" if near else "."
        return (
            f"{name!r} names no property of the model ({listed(self.properties)}) and no column of the input "
            f"({listed(self.inputs)}){hint}"
        )
