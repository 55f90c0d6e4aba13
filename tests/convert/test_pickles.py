"""Pickles read without running them: the same values as `pickle.load` gives, and no more than that."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import RobustScaler

from polyid.convert.pickled import Pickled, scaler
from polyid.convert.pickles import Made, Named, read_pickle
from polyid.errors import BundleError

KEYS = st.text() | st.integers() | st.binary() | st.none()
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda part: (
        st.lists(part) | st.tuples(part, part) | st.dictionaries(KEYS, part) | st.tuples(part, part, part, part)
    ),
    max_leaves=20,
)


@settings(max_examples=25, deadline=None)
@given(value=PLAIN, protocol=st.sampled_from([3, 4, 5]))
def test_plain_values_are_what_pickle_gives(value, protocol):
    assert read_pickle(pickle.dumps(value, protocol), "x.pk") == value


@pytest.mark.parametrize("protocol", range(6))
def test_a_scaler_is_read_from_its_bytes(protocol):
    fitted = RobustScaler().fit(np.random.default_rng(0).normal(size=(20, 3)))
    found = scaler(Pickled(read_pickle(pickle.dumps(fitted, protocol), "x.pk"), "x.pk"), 3)
    np.testing.assert_array_equal(found.center_, fitted.center_)
    np.testing.assert_array_equal(found.scale_, fitted.scale_)


def test_classes_are_names_and_nothing_is_made_of_them():
    made = read_pickle(pickle.dumps(OrderedDict(a=1)), "x.pk")
    assert isinstance(made, Made) and (made.name, made.entries) == ("collections.OrderedDict", [("a", 1)])
    assert read_pickle(b"\x80\x04cnumpy\ndtype\n.", "x.pk") == Named("numpy.dtype")


class Runs:
    """Runs a command when it is unpickled."""

    def __init__(self, function, *arguments):
        self.made_of = (function, arguments)

    def __reduce__(self):
        return self.made_of


def nested(depth: int) -> bytes:
    return b"\x80\x04" + b"]" * depth + b"a" * (depth - 1) + b"."


TAMPERED = {
    "os.system": (lambda place: pickle.dumps(Runs(os.system, f"touch {place}/ran")), "asks for (posix|nt).system"),
    "builtins.eval": (
        lambda place: pickle.dumps(Runs(eval, f"open('{place}/ran', 'w')")),
        "asks for builtins.eval, which no model",
    ),
    "an old instruction": (lambda place: b"(S'touch ran'\nios\nsystem\n.", "an instruction INST"),
    "a name with dots": (lambda place: b"\x80\x04\x8c\x0bnumpy.dtype\x8c\x03mro\x93.", "asks for numpy.dtype.mro"),
    "getattr": (lambda place: pickle.dumps(getattr), "asks for builtins.getattr"),
    "by number": (lambda place: b"\x80\x02\x82\x01.", "an instruction EXT1"),
    "a persistent id": (lambda place: b"\x80\x02X\x01\x00\x00\x00aQ.", "an instruction BINPERSID"),
    "a huge text": (lambda place: b"\x80\x04\x8d" + (2**62).to_bytes(8, "little") + b"abc.", "no whole pickle"),
    "a huge number of a value": (lambda place: b"\x80\x02Nr\xff\xff\xff\xffj\xfe\xff\xff\xff.", "no whole pickle"),
    "cut": (lambda place: pickle.dumps({"a": [1, 2, 3]})[:-3], "no whole pickle"),
    "empty": (lambda place: b"", "no whole pickle"),
    "a list as a key": (lambda place: b"\x80\x04}]K\x01s.", "no whole pickle"),
    "called on a value": (lambda place: b"\x80\x04K\x01)R.", "no whole pickle"),
}


@pytest.mark.parametrize(("tampered", "said"), TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_pickle_is_refused_in_a_sentence_and_nothing_runs(tmp_path, tampered, said):
    with pytest.raises(BundleError, match=said) as refused:
        read_pickle(tampered(tmp_path), "model_0_data.pk")
    assert str(refused.value).startswith("model_0_data.pk can't be read: ") and "\n" not in str(refused.value)
    assert str(refused.value).endswith("Nothing in it was run.") and not (tmp_path / "ran").exists()


def test_deep_nesting_is_neither_recursion_nor_a_scaler():
    content = nested(20_000)
    with pytest.raises(BundleError, match="is no RobustScaler"):
        scaler(Pickled(read_pickle(content, "x.pk"), "x.pk"), 2)


def tampered_scaler(**changes) -> RobustScaler:
    fitted = RobustScaler().fit(np.arange(8.0).reshape(4, 2))
    for name, value in changes.items():
        setattr(fitted, name, value)
    return fitted


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"center_": np.array(["x", None], object)}, "center_ is an array of something else than floats"),
        ({"center_": np.array([1.0])}, "center_ is no array of 2 numbers"),
        ({"center_": np.zeros((2, 1))}, "center_ is no array of 2 numbers"),
        ({"scale_": np.array([1.0, 0.0])}, "scale_ has a number that is not above 0"),
        ({"scale_": np.array([1.0, np.nan])}, "scale_ has numbers that are not finite"),
        ({"scale_": [1.0, 2.0]}, "scale_ is no array"),
        ({"with_scaling": False}, "with_scaling is not true"),
    ],
)
def test_a_scaler_with_odd_numbers_is_refused(changes, said):
    pickled = Pickled(read_pickle(pickle.dumps(tampered_scaler(**changes)), "x.pk"), "x.pk")
    with pytest.raises(BundleError, match=said):
        scaler(pickled, 2)
