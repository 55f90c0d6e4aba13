"""What files of upstream's models hold besides weights: preprocessor, scaler, parameters; taken from what `read_pickle` gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.preprocessing import RobustScaler

from polyid.config.parameters import Parameters
from polyid.convert.pickles import Made, Named
from polyid.errors import BundleError
from polyid.graphs.features import FEATURES, Feature
from polyid.graphs.preprocessor import PolymerPreprocessor
from polyid.graphs.vocabulary import FeatureVocabulary

_MOST_CLASSES, _MOST_PROPERTIES, _MOST_TEXT = 1_000_000, 1_000, 1_000


@dataclass(frozen=True)
class Pickled:
    """A value of a pickle, and where it is, for messages."""

    value: Any
    file: str
    place: str = "it"

    def wrong(self, what: str) -> BundleError:
        return BundleError(f"{self.file} can't be converted: {self.place} {what}. Nothing in it was run.")

    def has(self, key: str) -> bool:
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def entry(self, key: str) -> Pickled:
        """A value of a dict."""
        if not isinstance(self.value, dict) or key not in self.value:
            raise self.wrong(f"lacks {key!r}")
        return Pickled(self.value[key], self.file, key)

    def object(self, *names: str) -> Pickled:
        """The state of an object, if it is of a class whose name ends so."""
        made = self.value
        if not isinstance(made, Made):
            raise self.wrong(f"is no {names[0]}")
        cls = made.name
        if cls == "copyreg._reconstructor" and made.arguments and isinstance(made.arguments[0], Named):
            cls = made.arguments[0].name
        if cls.rpartition(".")[2] not in names:
            raise self.wrong(f"is of {cls}, not of {' or '.join(names)}")
        return Pickled(made.state, self.file, self.place)

    def text(self) -> str:
        if not isinstance(self.value, str) or not 0 < len(self.value) <= _MOST_TEXT:
            raise self.wrong("is no text, or a very long one")
        return self.value

    def names(self) -> list[str]:
        """A list of different texts."""
        value = self.value
        if not isinstance(value, list) or not 0 < len(value) <= _MOST_PROPERTIES:
            raise self.wrong("is no list of names")
        names = [Pickled(one, self.file, self.place).text() for one in value]
        if len(set(names)) < len(names):
            raise self.wrong("has a name twice")
        return names

    def feature(self, *names: str) -> Feature:
        """A feature function, if it has one of these names."""
        value = self.value
        name = value.name.rpartition(".")[2] if isinstance(value, Named) else ""
        if name not in names:
            seen = value.name if isinstance(value, Named) else "no function"
            raise self.wrong(f"is {seen}; models with {' or '.join(names)} convert")
        return FEATURES[name]


def vocabulary(tokenizer: Pickled) -> FeatureVocabulary:
    """Of nfp's `Tokenizer`."""
    classes = tokenizer.object("Tokenizer").entry("_data").value
    if not isinstance(classes, dict) or not 0 < len(classes) <= _MOST_CLASSES:
        raise tokenizer.wrong("has no dict of features")
    if not all(isinstance(text, str) and type(number) is int for text, number in classes.items()):
        raise tokenizer.wrong("does not number texts")
    if classes.get("unk") != 1 or sorted(classes.values()) != list(range(1, len(classes) + 1)):
        raise tokenizer.wrong("does not number features from 1, that of 'unk', without a gap")
    return FeatureVocabulary.from_dict(classes)


def preprocessor(pickled: Pickled) -> PolymerPreprocessor:
    """Of upstream's `PolymerPreprocessor` with features of nfp: atoms by version 1, bonds by 1 or 2.

    Raises
    ------
    BundleError
        It is of another class, or has other features.
    """
    state = pickled.object("PolymerPreprocessor")
    atoms = state.entry("atom_features").feature("atom_features_v1")
    bonds = state.entry("bond_features").feature("bond_features_v1", "bond_features_v2")
    explicit_hs = state.entry("explicit_hs")
    if not isinstance(explicit_hs.value, bool):
        raise explicit_hs.wrong("is neither true nor false")
    new = PolymerPreprocessor(atoms, bonds, explicit_hs=explicit_hs.value)
    new.atom_tokenizer = vocabulary(state.entry("atom_tokenizer"))
    new.bond_tokenizer = vocabulary(state.entry("bond_tokenizer"))
    return new


def scaler(pickled: Pickled, properties: int) -> RobustScaler | None:
    """Of scikit-learn's `RobustScaler`, or none.

    Raises
    ------
    BundleError
        It is of another class, of other properties, or has numbers that no scaler has.
    """
    if pickled.value is None:
        return None
    state = pickled.object("RobustScaler")
    for part in ("with_centering", "with_scaling"):
        if state.entry(part).value is not True:
            raise state.entry(part).wrong("is not true: only scalers that do both convert")
    centre, scale = (numbers(state.entry(part), properties) for part in ("center_", "scale_"))
    if not (scale > 0).all():
        raise state.entry("scale_").wrong("has a number that is not above 0")
    new = RobustScaler()
    new.center_, new.scale_, new.n_features_in_ = centre, scale, properties
    return new


def numbers(pickled: Pickled, count: int) -> np.ndarray:
    """A NumPy array of so many finite floats, from its bytes."""
    made = pickled.value
    if not isinstance(made, Made):
        raise pickled.wrong("is no array")
    if made.name.endswith("_frombuffer"):
        content, dtype, shape = (list(made.arguments) + [None] * 3)[:3]
    elif isinstance(made.state, tuple) and len(made.state) == 5:
        _, shape, dtype, _, content = made.state
    else:
        raise pickled.wrong("is no array")
    if isinstance(content, Made) and content.name == "_codecs.encode" and isinstance(content.arguments[0], str):
        content = content.arguments[0].encode("latin-1")
    kind = _float_type(dtype)
    if kind is None:
        raise pickled.wrong("is an array of something else than floats")
    if shape != (count,) or not isinstance(content, bytes | bytearray) or len(content) != count * kind.itemsize:
        raise pickled.wrong(f"is no array of {count} numbers")
    values = np.frombuffer(bytes(content), kind).astype(float)
    if not np.isfinite(values).all():
        raise pickled.wrong("has numbers that are not finite")
    return values


def _float_type(made: Any) -> np.dtype | None:
    """The type of floats that a pickled dtype says, None for any other."""
    if not isinstance(made, Made) or made.name != "numpy.dtype" or not made.arguments:
        return None
    order = made.state[1] if isinstance(made.state, tuple) and len(made.state) > 1 else "<"
    name = {"f8": "f8", "f4": "f4"}.get(made.arguments[0] if isinstance(made.arguments[0], str) else "")
    return np.dtype(order + name) if name and order in ("<", ">") else None


def parameters(pickled: Pickled) -> dict[str, Any]:
    """Those of upstream's parameters that this package has by the same name; others are left out."""
    value = pickled.value
    if value is None:
        return {}
    if isinstance(value, Made):
        value = pickled.object("Parameters").value
    if not isinstance(value, Mapping):
        raise pickled.wrong("is no dict")
    known = Parameters().to_dict()
    kept = {}
    for name, given in value.items():
        default = known.get(name)
        if name in known and type(given) is type(default) and isinstance(given, int | float):
            kept[str(name)] = given
    return kept
