"""Ways in which a model folder is not what it should be, its hashes made to match.

Each is a small change of a good folder that is neither another honest model (weights or a scaler with other ordinary numbers
are that) nor always an error: a change that decides nothing may be accepted.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from helpers.paths import TESTS

GOOD = TESTS / "fixtures" / "bundles" / "v3" / "model"
MANIFEST, FOLD = "parameters.json", "model_fold_0"
JSONS = (
    MANIFEST,
    f"{FOLD}/preprocessor.json",
    f"{FOLD}/scaler.json",
    "calibration.json",
    "domain.json",
    "splits.json",
    "metrics.json",
)
TENSORS = (f"{FOLD}/model.safetensors", "kernel.safetensors", "domain.safetensors")
CHECKED = (*JSONS[1:5], *TENSORS, f"{FOLD}/training_log.csv")


@dataclass(frozen=True)
class Variant:
    """A folder to be made: what it is called, the file that is not as it should be, how it is changed, and whether the change
    may turn out to decide nothing."""

    name: str
    file: str
    change: Callable[[Path], None]
    may_be_accepted: bool = False

    def make(self, folder: Path) -> Path:
        """A copy of the good folder with the change, every hash that can be made to match matching."""
        shutil.copytree(GOOD, folder)
        self.change(folder)
        manifest = folder / MANIFEST
        try:
            is_small = manifest.is_file() and manifest.stat().st_size < 2**20
            content = json.loads(manifest.read_text("utf-8")) if is_small else None
            hashes = content["sha256"]
            for name in hashes:
                path = folder / name
                if path.is_file() and not path.is_symlink() and path.stat().st_size < 2**20:
                    hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            if self.file != MANIFEST:
                manifest.write_text(json.dumps(content), "utf-8")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            assert self.file == MANIFEST
        return folder


def variants() -> list[Variant]:
    """All of them, in an order that does not change."""
    return [*_files(), *_entries(), *_arrays(), *_across()]


# Whole files


def _files() -> Iterator[Variant]:
    def rewritten(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
        return lambda folder: _write(folder / name, change((folder / name).read_bytes()))

    contents: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda content: b"",
        "half": lambda content: content[: len(content) // 2],
        "with a byte too many": lambda content: content + b"\x00",
        "compressed": gzip.compress,
    }
    texts: dict[str, Callable[[bytes], bytes]] = {
        "with a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
        "in UTF-16": lambda content: content.decode().encode("utf-16"),
        "nested deeply": lambda content: b"[" * 200_000,
        "a list": lambda content: b"[" + content.strip() + b"]",
        "null": lambda content: b"null",
        "with half a character": lambda content: content.replace(b"{", b'{"\\ud800": 1, ', 1),
        "with its first key twice": _twice,
    }
    headers: dict[str, Callable[[bytes], bytes]] = {
        "of a header of 2^63 bytes": lambda content: (2**63).to_bytes(8, "little") + content[8:],
        "of a trillion elements": lambda content: _with_header(content, _claim([10**6, 10**6])),
        "of 2^200 elements": lambda content: _with_header(content, _claim([2**50] * 4)),
        "of a negative length": lambda content: _with_header(content, _claim([-1])),
        "of arrays that overlap": lambda content: _with_header(content, _overlap),
        "of a type of eight bits": lambda content: _with_header(
            content, lambda header: _first(header)(dtype="F8_E4M3")
        ),
    }
    for name in (*JSONS, *TENSORS, f"{FOLD}/training_log.csv"):
        for what, change in (contents | (texts if name in JSONS else headers if name in TENSORS else {})).items():
            yield Variant(f"{name} {what}", name, rewritten(name, change), name.endswith(".csv"))
        yield Variant(f"{name} a folder", name, lambda folder, name=name: _folder(folder / name))
    for name in (MANIFEST, "domain.json", TENSORS[0], "splits.json"):
        yield Variant(
            f"{name} a link to /etc/passwd", name, lambda folder, name=name: _link(folder / name, "/etc/passwd")
        )
        yield Variant(
            f"{name} a link to itself elsewhere", name, lambda folder, name=name: _link(folder / name, GOOD / name)
        )
        yield Variant(f"{name} a link to itself", name, lambda folder, name=name: _link(folder / name, Path(name).name))
        yield Variant(f"{name} a pipe", name, lambda folder, name=name: _pipe(folder / name))
        yield Variant(f"{name} of 4 TB of nothing", name, lambda folder, name=name: _sparse(folder / name))
    for what, content in {
        "of ten million lists": b"[" + b"[]," * 10_000_000 + b"[]]",
        "of a million keys": b"{" + b",".join(b'"%d":0' % i for i in range(1_000_001)) + b"}",
        "of sixty thousand keys": b"{" + b",".join(b'"%d":0' % i for i in range(60_000)) + b"}",
        "of three million numbers": b'{"held_out":{"0":[' + b"1," * 3_000_000 + b"1]}}",
        "of a number of a million digits": b'{"seed": ' + b"1" * 10**6 + b"}",
    }.items():
        yield Variant(
            f"splits.json {what}", "splits.json", rewritten("splits.json", lambda _, content=content: content)
        )
    yield Variant("a fold a link", FOLD, lambda folder: _link(folder / FOLD, GOOD / FOLD))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(path: Path, target: str | Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to(target)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _sparse(path: Path) -> None:
    os.truncate(path, 4 * 2**40)


def _twice(content: bytes) -> bytes:
    key, value = next(iter(json.loads(content).items()))
    return content.replace(b"{", b"{" + json.dumps(key).encode() + b": " + json.dumps(value).encode() + b", ", 1)


def _with_header(content: bytes, change: Callable[[dict], None]) -> bytes:
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def _first(header: dict) -> Callable[..., None]:
    return next(entry for name, entry in header.items() if name != "__metadata__").update


def _claim(shape: list[int]) -> Callable[[dict], None]:
    return lambda header: _first(header)(shape=shape)


def _overlap(header: dict) -> None:
    one, other = [entry for name, entry in header.items() if name != "__metadata__"][:2]
    other["data_offsets"] = one["data_offsets"]


# Entries of JSON files


DELETED = object()
WRONG: tuple[Any, ...] = (
    DELETED,
    "false",
    None,
    [],
    {},
    True,
    float("nan"),
    float("inf"),
    10**400,
    -1,
    [[[["deep"]]]],
    "\u202e<b>",
)
"""What is put in the place of entries, in turns. A negative number is none where any number would do."""
ANY_NUMBER = ("center", "values", "padding_waste", "learning_rate", "dropout", "out_of_fold", "parameters")


def _entries() -> Iterator[Variant]:
    turn = 0
    for file in JSONS:
        content = json.loads((GOOD / file).read_text("utf-8"))
        for path in _paths(content):
            for _ in range(2 if len(path) == 1 else 1):
                wrong = _wrong(WRONG[turn % len(WRONG)], path, _at(content, path))
                turn += 1
                shown = "deleted" if wrong is DELETED else repr(wrong)[:20]
                yield Variant(f"{file} {'.'.join(map(str, path))} {shown}", file, _entry(file, path, wrong), True)
        yield Variant(f"{file} with a key of its own", file, _entry(file, ("mine",), 1))


def _wrong(wrong: Any, path: tuple, right: Any) -> Any:
    """Something that no honest model has in a place, instead of what one might have."""
    may_be_fewer = isinstance(path[-1], int) and path[-2] in ("elements", "held_out")
    if (
        (wrong == -1 and set(path) & set(ANY_NUMBER))
        or (isinstance(wrong, str) and isinstance(right, str))
        or (wrong is None and path[0] == "prediction_units")
        or (wrong is DELETED and may_be_fewer)
        or (wrong is True and right is True)
    ):
        return 3
    return "1" if wrong is True and isinstance(right, bool) else wrong


def _paths(content: Any, path: tuple = ()) -> Iterator[tuple]:
    """Places in a JSON value: every key of a dict with few, the first and last of one with many, the first entry of a list."""
    if path:
        yield path
    if isinstance(content, dict):
        keys = list(content)
        for key in keys if not path or len(keys) <= 7 else (keys[0], keys[-1]):
            yield from _paths(content[key], (*path, key))
    elif isinstance(content, list) and content:
        yield from _paths(content[0], (*path, 0))


def _at(content: Any, path: tuple) -> Any:
    for key in path:
        content = content[key]
    return content


def _entry(file: str, path: tuple, value: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = json.loads((folder / file).read_text("utf-8"))
        *way, last = path
        place = _at(content, tuple(way))
        if value is DELETED:
            del place[last]
        else:
            place[last] = value
        (folder / file).write_text(json.dumps(content), "utf-8")

    return change


# Arrays


def _arrays() -> Iterator[Variant]:
    changes: dict[str, Callable[[np.ndarray], np.ndarray | None]] = {
        "missing": lambda array: None,
        "flat": lambda array: array.reshape(1, -1),
        "short of a row": lambda array: array[:-1],
        "with a row too many": lambda array: np.concatenate([array, array[-1:]]),
        "one number for all": lambda array: array.reshape(-1)[:1].reshape((1,) * array.ndim),
        "turned": lambda array: np.moveaxis(array, 0, -1) if array.ndim > 1 else array[:0],
        "of integers": lambda array: array.astype(np.int32) if array.dtype != np.int32 else array.astype(np.float32),
        "of half the digits": lambda array: array.astype(
            np.float16 if array.dtype in (np.float32, np.float64) else np.float32
        ),
        "with NaN": lambda array: _with(array, np.nan),
        "infinite": lambda array: _with(array, -np.inf),
        "negative": lambda array: _with(array, -5),
    }
    turn = 0
    for file in TENSORS:
        names = sorted(load((GOOD / file).read_bytes()))
        for name in names if file != TENSORS[0] else names[::4]:
            array = load((GOOD / file).read_bytes())[name]
            for what in list(changes)[turn % len(changes) :] + list(changes)[: turn % len(changes)]:
                if _is_honest(file, name, what, array):
                    continue
                turn += 1
                yield Variant(f"{file} {name} {what}", file, _array(file, name, changes[what]))
                break
        yield Variant(
            f"{file} with an array too many", file, _array(file, "mine", lambda array: np.ones(3, np.float32))
        )
    for network in (
        {"features": 10**9},
        {"num_messages": 10**9},
        {"num_messages": 3},
        {"properties": 1},
        {"dropout": "0"},
    ):
        yield Variant(f"the network's {network}", TENSORS[0], _network(**network))
    for key in ("class", "dropout", "features"):
        yield Variant(f"the network without {key}", TENSORS[0], _network(**{key: None}))
    yield Variant("the network of a class of another's", TENSORS[0], _network(**{"class": "os.system"}))


def _is_honest(file: str, name: str, what: str, array: np.ndarray) -> bool:
    """Whether a change gives an array that another model might have, or none at all."""
    whole = array.dtype.kind in "iu"
    if what == "one number for all" and array.size == 1:
        return True
    if what in ("with NaN", "infinite") and whole:
        return True
    if what == "negative" and (
        whole or file == TENSORS[0] or name in ("labels", "composition", "centre", "coefficients")
    ):
        return True
    if what == "negative" and name in ("offset", "mean", "references"):
        return True
    return what in ("flat", "turned") and array.ndim > 1 and array.shape[0] == 1


def _with(array: np.ndarray, value: float) -> np.ndarray:
    changed = array.copy()
    changed.flat[0] = value
    return changed


def _array(file: str, name: str, change: Callable[[np.ndarray], np.ndarray | None]) -> Callable[[Path], None]:
    def rewrite(folder: Path) -> None:
        content = (folder / file).read_bytes()
        length = int.from_bytes(content[:8], "little")
        texts = json.loads(content[8 : 8 + length]).get("__metadata__")
        arrays = load(content)
        changed = change(arrays.pop(name, np.ones(1)))
        if changed is not None:
            arrays[name] = np.ascontiguousarray(changed)
        (folder / file).write_bytes(save(arrays, texts))

    return rewrite


def _network(**changes: Any) -> Callable[[Path], None]:
    def rewrite(folder: Path) -> None:
        path = folder / TENSORS[0]
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        network = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["network"]) | changes
        network = {name: value for name, value in network.items() if value is not None}
        path.write_bytes(save(load(content), {"network": json.dumps(network)}))

    return rewrite


# What does not fit together


def _across() -> Iterator[Variant]:
    def manifest(name: str, change: Callable[[dict], Any]) -> Variant:
        def rewrite(folder: Path) -> None:
            content = json.loads((folder / MANIFEST).read_text("utf-8"))
            change(content)
            (folder / MANIFEST).write_text(json.dumps(content), "utf-8")

        return Variant(name, MANIFEST, rewrite)

    yield manifest("properties in another order", lambda m: m["prediction_columns"].reverse())
    yield manifest("a property twice", lambda m: m.update(prediction_columns=["Tg", "Tg"]))
    yield manifest("a property too many", lambda m: m["prediction_columns"].append("Td"))
    yield manifest("folds in another order", lambda m: m["model_ids"].reverse())
    yield manifest("a fold forgotten", lambda m: m.update(folds=1, model_ids=["0"]))
    yield manifest("a billion folds", lambda m: m.update(folds=10**9))
    yield manifest("half a fold", lambda m: m.update(folds=1.5))
    yield manifest("a version in words", lambda m: m.update(format_version="3"))
    yield manifest("a version that is true", lambda m: m.update(format_version=True))
    yield manifest("version 0", lambda m: m.update(format_version=0))
    yield manifest("the kernel not named", lambda m: m["sha256"].pop("kernel.safetensors"))
    yield manifest("the intervals not named", lambda m: m["sha256"].pop("calibration.json"))
    yield manifest("the domain not named", lambda m: m["sha256"].pop("domain.json"))
    yield manifest("a scaler not named", lambda m: m["sha256"].pop(f"{FOLD}/scaler.json"))
    for path in ("../../../etc/passwd", "/etc/passwd", "model_fold_0/../x.json", "model_fold_7/model.safetensors"):
        yield manifest(f"a file {path}", lambda m, path=path: m["sha256"].update({path: "0" * 64}))
    yield manifest("a hash in capitals", lambda m: m["sha256"].update({"domain.json": "A" * 64}))
    yield manifest("chains of a billion units", lambda m: m["chain"].update(degree_of_polymerisation=10**9))
    yield manifest("no kernel among the parameters", lambda m: m["parameters"].update(kernel=False))
    yield manifest("a name of a million letters", lambda m: m["prediction_columns"].__setitem__(0, "T" * 10**6))
    yield Variant(
        "a fold too many", MANIFEST, lambda folder: shutil.copytree(folder / FOLD, folder / "model_fold_2") and None
    )
    yield Variant(
        "intervals of properties in another order",
        "calibration.json",
        _reversed("calibration.json", "properties"),
    )
    yield Variant(
        "values of properties in another order", "domain.json", _reversed("domain.json", "polymers", "values")
    )
    yield Variant("held out by folds in another order", "splits.json", _reversed("splits.json", "held_out"))
    for name in CHECKED:
        yield Variant(f"{name} gone", name, lambda folder, name=name: (folder / name).unlink())


def _reversed(file: str, *path: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = json.loads((folder / file).read_text("utf-8"))
        *way, last = path
        place = _at(content, tuple(way))
        place[last] = dict(reversed(place[last].items()))
        (folder / file).write_text(json.dumps(content), "utf-8")

    return change
