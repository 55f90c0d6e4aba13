"""What every JSON file of a model folder must say: names, types and ranges, and that its parts fit together.

A key that is not listed here is refused, so that no model means something that this package does not know.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, Literal, Self, TypeVar, get_type_hints

from pydantic import ConfigDict, Field, create_model, model_validator

from polyid.bundle.distilled_schema import Distilled
from polyid.bundle.layout import CHECKED_FILES, FOLD_FILES, FORMAT, FORMAT_VERSION, KERNEL_FILE, fold_folder
from polyid.bundle.origins import Converted, InitFrom
from polyid.bundle.strict import Strict
from polyid.chemistry.oligomer import MAX_DEGREE_OF_POLYMERISATION
from polyid.config.parameters import GIVEN_SPLIT, Parameters
from polyid.uncertainty.conformal import METHOD
from polyid.uncertainty.domain.thresholds import RULES, TOO_FEW
from polyid.uncertainty.expected_error import CLUES

OUR_NETWORK, OUR_PREPROCESSOR = "MessagePassingNetwork", "PolymerPreprocessor"
"""The package's own classes, as models record them."""
DOMAIN_FORMAT, DOMAIN_VERSION = "polyid-domain", 1
Item = TypeVar("Item")
Items = Annotated[list[Item], Field(fail_fast=True)]
"""A list of which the first wrong item is told, and not a million of them."""
Count = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Name = Annotated[str, Field(min_length=1, max_length=1_000)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Chain(Strict):
    degree_of_polymerisation: Annotated[int, Field(ge=2, le=MAX_DEGREE_OF_POLYMERISATION)]
    seed: Seed


class ColumnMeaning(Strict):
    as_: str = Field(alias="as")
    unit: str | None = None


class Data(Strict):
    source: str | None = None
    sha256: str | None = None
    rows_left_out: Count = 0
    columns: dict[str, ColumnMeaning] | None = None
    rows: Count
    polymers: Count
    labels: dict[str, Count]


class Training(Strict):
    started: str
    finished: str
    seconds: NotNegative
    hardware: str
    seed: Seed
    padding_waste: float
    folds_together: Count


class _Parameters(Strict):
    # The first models may have names that `Parameters` would refuse by now.
    model_config = ConfigDict(extra="allow")


_types = get_type_hints(Parameters)
_optional: dict[str, Any] = {field.name: (_types[field.name] | None, None) for field in fields(Parameters)}
StoredParameters: Any = create_model("StoredParameters", __base__=_Parameters, **_optional)
"""Entry ``parameters``: those of `polyid.config.parameters.Parameters` that were given."""


class Manifest(Strict):
    """``parameters.json``."""

    format: Literal[FORMAT]  # type: ignore[valid-type]
    format_version: Annotated[int, Field(ge=1, le=FORMAT_VERSION)]
    prediction_columns: Annotated[Items[Name], Field(min_length=1, max_length=1_000)]
    prediction_units: dict[str, Annotated[Items[str], Field(min_length=1, max_length=1)] | None]
    parameters: StoredParameters
    chain: Chain
    marks: dict[str, Items[Name]] | None = None
    split: str | None = None
    data: Data
    distilled: Distilled | None = None
    training: Training
    init_from: InitFrom | None = None
    converted: Converted | None = None
    folds: Annotated[int, Field(ge=1, le=10_000)]
    model_ids: Items[Name]
    versions: dict[str, str]
    sha256: dict[str, Sha256]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(set(self.prediction_columns)) < len(self.prediction_columns):
            raise ValueError("prediction_columns has a property twice")
        if odd := set(self.prediction_units) - set(self.prediction_columns):
            raise ValueError(f"prediction_units has {min(odd)!r}, which is no property of the model")
        if list(self.data.labels) != self.prediction_columns:
            raise ValueError("data.labels are of other properties than prediction_columns, or in another order")
        if self.format_version >= 4 and self.marks is None and self.converted is None:
            raise ValueError("marks are missing")
        if self.marks is not None and list(self.marks) != self.prediction_columns:
            raise ValueError("marks are of other properties than prediction_columns, or in another order")
        if len(self.model_ids) != self.folds or len(set(self.model_ids)) < self.folds:
            raise ValueError(f"model_ids has {len(self.model_ids)} names, or one twice, for {self.folds} folds")
        of_folds = {f"{fold_folder(fold)}/{name}" for fold in range(self.folds) for name in FOLD_FILES}
        if missing := of_folds - set(self.sha256):
            raise ValueError(f"sha256 lacks {min(missing)!r}")
        if odd := set(self.sha256) - of_folds - set(CHECKED_FILES):
            raise ValueError(f"sha256 has {min(odd)!r}, which is no file of the model")
        if bool(self.parameters.kernel) != (KERNEL_FILE in self.sha256):
            raise ValueError(f"sha256 and parameters.kernel disagree on whether there is a {KERNEL_FILE}")
        if self.format_version >= 3 and (odd := self.parameters.model_extra):
            raise ValueError(f"parameters has an entry {min(odd)!r}, which is none of a model's")
        must_be = set(CHECKED_FILES) - {KERNEL_FILE} if self.format_version >= 3 and self.converted is None else set()
        if missing := must_be - set(self.sha256):
            raise ValueError(f"sha256 lacks {min(missing)!r}")
        return self


class Network(Strict):
    """The text in the header of a fold's weights."""

    atom_classes: Annotated[int, Field(ge=2, le=1_000_000)]
    bond_classes: Annotated[int, Field(ge=2, le=1_000_000)]
    features: Annotated[int, Field(ge=1, le=8_192)]
    mol_features: Annotated[int, Field(ge=1, le=8_192)]
    num_messages: Annotated[int, Field(ge=1, le=1_000)]
    properties: Annotated[int, Field(ge=1, le=1_000)]
    dropout: Annotated[float, Field(ge=0, lt=1)]
    network_class: Name = Field(alias="class")


class Preprocessor(Strict):
    """``preprocessor.json``; a class of one's own may record more."""

    model_config = ConfigDict(extra="allow")

    preprocessor: Name
    atom_features: Name
    bond_features: Name
    explicit_hs: bool
    atom_classes: dict[str, int]
    bond_classes: dict[str, int]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.is_ours and self.model_extra:
            raise ValueError(f"it has an entry {min(self.model_extra)!r}, which is none of a model's")
        for name, classes in (("atom_classes", self.atom_classes), ("bond_classes", self.bond_classes)):
            if classes.get("unk") != 1 or sorted(classes.values()) != list(range(1, len(classes) + 1)):
                raise ValueError(f"{name} does not number features from 1, that of 'unk', without a gap")
        return self

    @property
    def is_ours(self) -> bool:
        """Whether its class is the package's own."""
        return self.preprocessor == OUR_PREPROCESSOR


class Scaler(Strict):
    """``scaler.json``."""

    scaler: Literal["RobustScaler"] | None
    center: Items[float] | None = None
    scale: Items[Positive] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.scaler is None) != (self.center is None) or (self.scaler is None) != (self.scale is None):
            raise ValueError("scaler, center and scale don't fit together")
        return self


class Splits(Strict):
    """``splits.json``."""

    grouped_by: Literal["polymer", "data_id"]
    split: str | None = None
    seed: Seed
    held_out: dict[str, Items[str]]
    data_ids: dict[str, Items[int | str]] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.grouped_by == "data_id") != (self.data_ids is not None) or (
            (self.split == GIVEN_SPLIT) != (self.data_ids is not None)
        ):
            raise ValueError("split, grouped_by and data_ids don't fit together")
        if self.data_ids is not None and list(self.data_ids) != list(self.held_out):
            raise ValueError("data_ids are of other folds than held_out")
        return self


Figures = dict[str, int | float | None]


class Metrics(Strict):
    """``metrics.json``."""

    out_of_fold: dict[str, Figures]
    coverage_by_level: dict[str, dict[str, float]] | None = None
    by_class: dict[str, dict[str, Figures]] | None = None


class HeldOutScores(Strict):
    members: Annotated[Items[Name], Field(min_length=1)]
    scores: Annotated[Items[NotNegative], Field(min_length=1)]


class StoredWidening(Strict):
    novelty: Annotated[Items[Annotated[float, Field(ge=0, le=1)]], Field(max_length=100)]
    factor: Items[Annotated[float, Field(ge=1)]]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if len(self.factor) != len(self.novelty):
            raise ValueError("widening has another number of factors than of novelties")
        if sorted(self.novelty) != self.novelty or sorted(self.factor) != self.factor:
            raise ValueError("widening does not ascend")
        return self


class PropertyErrors(Strict):
    weights: Annotated[Items[NotNegative], Field(min_length=len(CLUES) + 1, max_length=len(CLUES) + 1)]
    widening: StoredWidening | None = None
    held_out: Items[HeldOutScores]


class Calibration(Strict):
    """``calibration.json``."""

    method: Literal[METHOD]  # type: ignore[valid-type]
    clues: Items[str]
    properties: dict[str, PropertyErrors]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.clues != list(CLUES):
            raise ValueError(f"its clues are {self.clues}, not {list(CLUES)}")
        return self


class DomainThresholds(Strict):
    in_domain_distance: NotNegative
    outside_distance: NotNegative
    outside_fragments: Annotated[int, Field(ge=1, le=1_000_000)]


class DomainCalibration(Strict):
    rule: Literal[RULES]  # type: ignore[valid-type]
    polymers: Count
    shares: dict[str, NotNegative] | None = None
    median_errors: dict[str, NotNegative | None] | None = None
    risk_ratio: NotNegative | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.rule == TOO_FEW) != (self.shares is None):
            raise ValueError(f"calibration.rule {self.rule!r} and calibration.shares don't fit together")
        return self


class DomainPolymers(Strict):
    smiles: Annotated[Items[str], Field(min_length=1)]
    names: Items[str] | None
    values: dict[str, Items[float | None]]
    known_as: dict[Annotated[str, Field(pattern="^[0-9a-f]{16}$")], Count] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        columns: list[list] = [*self.values.values(), *([] if self.names is None else [self.names])]
        if any(len(column) != len(self.smiles) for column in columns):
            raise ValueError("polymers have names or values of another number of polymers than SMILES")
        if any(number >= len(self.smiles) for number in self.known_as.values()):
            raise ValueError("polymers.known_as names a polymer that is not there")
        return self


class Domain(Strict):
    """``domain.json``."""

    format: Literal[DOMAIN_FORMAT]  # type: ignore[valid-type]
    format_version: Literal[DOMAIN_VERSION]  # type: ignore[valid-type]
    thresholds: DomainThresholds
    elements: Annotated[Items[Annotated[str, Field(pattern="^[A-Z][a-z]?$")]], Field(min_length=1)]
    calibration: DomainCalibration
    polymers: DomainPolymers
    usual_novelty: Positive | None = None
