"""Pickles as what they are, lists of instructions, followed without making any object or calling any function.

`pickle.load` runs what a file asks for. Here a class or function is its name, and what a file makes of it is a `Made` that remembers
name, arguments and state. Names that no file of an upstream model holds are refused, whatever the file does with them.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from polyid.errors import BundleError

_PREPROCESSORS = {
    f"{package}.preprocessors{module}.{name}"
    for package in ("polyid", "polyml")
    for module in ("", ".preprocessors", ".features")
    for name in ("PolymerPreprocessor", "atom_features_v1", "bond_features_v1", "bond_features_v2")
}
_NUMPY = {
    f"numpy.{core}.{name}"
    for core in ("core", "_core")
    for name in ("multiarray._reconstruct", "multiarray.scalar", "numeric._frombuffer")
} | {"numpy.ndarray", "numpy.dtype"}
_PANDAS = {
    "pandas.core.frame.DataFrame",
    "pandas.core.internals.managers.BlockManager",
    "pandas.core.internals.blocks.new_block",
    "pandas.core.indexes.base._new_Index",
    "pandas.core.indexes.base.Index",
    "pandas.core.indexes.numeric.Int64Index",
    "pandas.core.indexes.numeric.Float64Index",
    "pandas.core.indexes.range.RangeIndex",
    "pandas._libs.internals._unpickle_block",
    "pandas._libs.arrays.__pyx_unpickle_NDArrayBacked",
    "pandas.core.arrays.string_.StringArray",
    "pandas.core.arrays.string_.StringDtype",
    "builtins.slice",
}
ADMITTED = frozenset(
    _PREPROCESSORS
    | _NUMPY
    | _PANDAS
    | {
        "nfp.preprocessing.features.atom_features_v1",
        "nfp.preprocessing.features.bond_features_v1",
        "nfp.preprocessing.features.bond_features_v2",
        "nfp.preprocessing.tokenizer.Tokenizer",
        "sklearn.preprocessing._data.RobustScaler",
        "sklearn.preprocessing.data.RobustScaler",
        "collections.OrderedDict",
        "copyreg._reconstructor",
        "builtins.object",
        "_codecs.encode",
    }
)
"""Classes and functions that files of upstream's models hold."""
MOST_BYTES, MOST_INSTRUCTIONS = 256 * 2**20, 5_000_000
_RENAMED = {"copy_reg": "copyreg", "__builtin__": "builtins"}
_KEYS = (str, int, float, bytes, type(None))


@dataclass(frozen=True)
class Named:
    """A class or function that a pickle names."""

    name: str


@dataclass(eq=False)
class Made:
    """What a pickle makes of a class or function: nothing was made, and nothing called.

    Attributes
    ----------
    name : str
    arguments : tuple
    state : object
        What the object is given after it is made.
    entries : list
        Pairs or items that are added to it.
    """

    name: str
    arguments: Any
    state: Any = None
    entries: list[Any] = field(default_factory=list)


def read_pickle(content: bytes, file: str) -> Any:
    """What a pickle holds: Python's plain values, `Named` and `Made`.

    Parameters
    ----------
    content : bytes
    file : str
        For messages.

    Raises
    ------
    BundleError
        It is too large, no whole pickle, does what no such file does, or names what no such file holds.
    """
    if len(content) > MOST_BYTES:
        raise _odd(file, f"it has {len(content):,} bytes, and {MOST_BYTES:,} are read at most")
    machine = _Machine(file)
    try:
        for count, (instruction, argument, _) in enumerate(pickletools.genops(content)):
            if count >= MOST_INSTRUCTIONS:
                raise _odd(file, f"it has more than {MOST_INSTRUCTIONS:,} instructions")
            if instruction.name == "STOP":
                return machine.stack[-1]
            step = _STEPS.get(instruction.name)
            if step is None:
                raise _odd(file, f"it has an instruction {instruction.name}, which no such file has")
            step(machine, argument)
    except BundleError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError, RecursionError):
        pass
    raise _odd(file, "it is no whole pickle")


def _odd(file: str, what: str) -> BundleError:
    return BundleError(f"{file} can't be read: {what}. Nothing in it was run.")


class _Machine:
    """A stack of values, as a pickle's instructions change it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def mark(self, _: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        """The values behind the last mark."""
        values, self.stack = self.stack, self.below.pop()
        return values

    def last(self, count: int) -> list[Any]:
        """The last values, taken off."""
        if len(self.stack) < count:
            raise IndexError
        values = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return values

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def keep(self, number: int | None) -> None:
        self.memo[len(self.memo) if number is None else number] = self.stack[-1]

    def name(self, name: str) -> None:
        if name not in ADMITTED:
            shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)[:100]
            raise _odd(self.file, f"it asks for {shown}, which no model of PolymerPreprocessor and global100 holds")
        self.push(Named(name))

    def make(self, arguments: Any, cls: Any) -> None:
        if not isinstance(cls, Named) or not isinstance(arguments, tuple):
            raise TypeError
        self.push(Made(cls.name, arguments))

    def build(self, _: Any) -> None:
        state = self.stack.pop()
        made = self.stack[-1]
        if not isinstance(made, Made):
            raise TypeError
        made.state = state

    def add(self, values: list[Any]) -> None:
        """Append to a list, or to what was made of a class."""
        target = self.stack[-1]
        if isinstance(target, set):
            target.update(value for value in values if isinstance(value, _KEYS))
        else:
            (target.entries if isinstance(target, Made) else _is(list, target)).extend(values)

    def put(self, values: list[Any]) -> None:
        """Enter keys and values, one behind the other, in a dict or in what was made of a class."""
        pairs = list(zip(values[::2], values[1::2], strict=True))
        target = self.stack[-1]
        if isinstance(target, Made):
            target.entries.extend(pairs)
            return
        for key, value in pairs:
            if not isinstance(key, _KEYS):
                raise TypeError
            _is(dict, target)[key] = value

    def dictionary(self, values: list[Any]) -> None:
        self.push({})
        self.put(values)


def _is(cls: type, value: Any) -> Any:
    if type(value) is not cls:
        raise TypeError
    return value


def _today(name: str) -> str:
    """A name of protocols for Python 2 as Python 3 has it."""
    module, _, own = name.partition(" ")
    return f"{_RENAMED.get(module, module)}.{own}"


def _stack_name(machine: _Machine, _: Any) -> None:
    module, name = (_is(str, part) for part in machine.last(2))
    machine.name(f"{module}.{name}")


def _make_with_keywords(machine: _Machine, _: Any) -> None:
    cls, arguments, keywords = machine.last(3)
    machine.make((arguments, keywords), cls)


def _constant(value: Any) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.push(value)


_STEPS: dict[str, Callable[[_Machine, Any], Any]] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda machine, argument: None),
    **dict.fromkeys(
        ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"), _Machine.push
    ),
    **dict.fromkeys(("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"), _Machine.push),
    **dict.fromkeys(("SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "BYTEARRAY8"), _Machine.push),
    **dict.fromkeys(("STRING", "BINSTRING", "SHORT_BINSTRING"), _Machine.push),
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    "EMPTY_TUPLE": _constant(()),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_SET": lambda machine, _: machine.push(set()),
    "MARK": _Machine.mark,
    "POP": lambda machine, _: machine.stack.pop(),
    "POP_MARK": lambda machine, _: machine.since_mark(),
    "DUP": lambda machine, _: machine.push(machine.stack[-1]),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.since_mark())),
    "TUPLE1": lambda machine, _: machine.push(tuple(machine.last(1))),
    "TUPLE2": lambda machine, _: machine.push(tuple(machine.last(2))),
    "TUPLE3": lambda machine, _: machine.push(tuple(machine.last(3))),
    "LIST": lambda machine, _: machine.push(machine.since_mark()),
    "DICT": lambda machine, _: machine.dictionary(machine.since_mark()),
    "APPEND": lambda machine, _: machine.add(machine.last(1)),
    "APPENDS": lambda machine, _: machine.add(machine.since_mark()),
    "ADDITEMS": lambda machine, _: machine.add(machine.since_mark()),
    "SETITEM": lambda machine, _: machine.put(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.put(machine.since_mark()),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, number: machine.push(machine.memo[number])),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.keep),
    "GLOBAL": lambda machine, name: machine.name(_today(name)),
    "STACK_GLOBAL": _stack_name,
    **dict.fromkeys(("REDUCE", "NEWOBJ"), lambda machine, _: machine.make(machine.stack.pop(), machine.stack.pop())),
    "NEWOBJ_EX": _make_with_keywords,
    "BUILD": _Machine.build,
}
"""What each instruction of the pickle module does, as `pickletools` names them; what isn't here is refused."""
