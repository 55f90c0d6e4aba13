"""Classes of a user's own that a model records by name: nothing is imported or run because a model's files name it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from polyid.errors import BundleError, TrainingError

Base = TypeVar("Base")


def custom_class(
    name: str, base: type[Base], purpose: str, custom_objects: Mapping[str, Callable] | None
) -> type[Base]:
    """The class that a model recorded: `base` itself, or one handed over by its name.

    Parameters
    ----------
    name : str
        As the model records it.
    base : type
        The package's own class.
    purpose : str
        What the class is for, in words.
    custom_objects : mapping of str to callable, optional
        Classes and functions of the user's own.

    Raises
    ------
    BundleError
        The class was not handed over, or isn't derived from `base`.
    """
    if name == base.__name__:
        return base
    cls = (custom_objects or {}).get(name)
    if cls is None:
        raise BundleError(
            f"The model was trained with a {purpose} of the class {name!r}, which this package does not have; "
            f"pass the class as custom_objects={{{name!r}: {name}}}."
        )
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise BundleError(
            f"custom_objects[{name!r}] is no class derived from {base.__name__}, as the model's {purpose} is."
        )
    return cls


def check_custom_class(cls: type, base: type, unused: Mapping[str, str]) -> None:
    """Refuse a class of a user's own that would be replaced, or not called, without a word.

    Parameters
    ----------
    cls, base : type
    unused : mapping of str to str
        Methods of `base` that nothing calls, each with what to override instead.

    Raises
    ------
    TrainingError
        `cls` is not derived from `base`, has its name, or overrides such a method.
    """
    if not issubclass(cls, base):
        raise TrainingError(f"{cls.__name__} is not a {base.__name__}; derive it from that class.")
    if cls is not base and cls.__name__ == base.__name__:
        raise TrainingError(
            f"A class derived from {base.__name__} has its name; give it another, by which models record it."
        )
    for method, instead in unused.items():
        if getattr(cls, method, None) is not getattr(base, method, None):
            raise TrainingError(f"{cls.__name__} overrides {method}, which nothing here calls; override {instead}.")
