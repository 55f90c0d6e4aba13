"""Tables made to break a reader: each is read with its rows or refused in a sentence, in bounded time and memory."""

from __future__ import annotations

import re
import time
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from helpers.hostile_tables import Hostile, hostile_tables

from polyid.chemistry.oligomer import ChainSettings
from polyid.data.columns import propose_mapping
from polyid.data.files import read_table_bytes
from polyid.data.prediction_table import load_prediction_table
from polyid.data.training_table import apply_mapping, read_training_table
from polyid.errors import PolyIDError

SECONDS, BYTES = 2.0, 500_000_000
MEMORY, PEAK_RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def memory(line: str) -> int:
    """Bytes that this process holds (VmRSS), or held at most since the peak was reset (VmHWM)."""
    return 1024 * int(re.search(rf"{line}:\s+(\d+) kB", MEMORY.read_text())[1])


@pytest.fixture(scope="module", autouse=True)
def loaded():
    """What the first table of any kind loads is none of its own time."""
    table = read_table_bytes(b"smiles,Tg\n*CC*,1\n", "first.csv")
    apply_mapping(table, propose_mapping(table))
    import openpyxl  # noqa: F401
    import pyarrow.parquet  # noqa: F401


def check_sentence(name: str, sentence: str) -> None:
    if name not in sentence or len(sentence) > 800 or sentence[-1] not in ".?":
        raise AssertionError(f"no sentence: {ascii(sentence)[:200]}")
    if any(unicodedata.category(mark) in ("Cc", "Cs") for mark in sentence):
        raise AssertionError(f"marks in the sentence: {ascii(sentence)[:200]}")


def outcome_of(case: Hostile, path: Path) -> bool:
    """Whether a table is read; an AssertionError where what is read or said of it is wrong."""
    try:
        load_prediction_table(path)
    except PolyIDError as refusal:
        check_sentence(case.name, str(refusal))
    try:
        table = read_training_table(path, chain=ChainSettings(2))
    except PolyIDError as refusal:
        check_sentence(case.name, str(refusal))
        if case.polymers is not None:
            raise AssertionError(f"refused: {refusal}") from None
        return False
    if case.polymers not in (None, len(table.frame)):
        raise AssertionError(f"{len(table.frame)} polymers")
    if case.listed and table.problems.empty:
        raise AssertionError("nothing is listed")
    if np.isinf(table.frame[table.properties]).any(axis=None):
        raise AssertionError("an infinite value")
    return True


@pytest.mark.slow
def test_hostile_tables_are_read_or_refused_quickly(tmp_path):
    failures, outcomes = [], Counter()
    for case in hostile_tables():
        path = tmp_path / case.name
        path.write_bytes(case.content())
        if PEAK_RESET.exists():
            PEAK_RESET.write_text("5")
            before = memory("VmRSS")
        start = time.process_time()
        try:
            outcomes[outcome_of(case, path)] += 1
            if (seconds := time.process_time() - start) > SECONDS:
                raise AssertionError(f"{seconds:.1f} s")
            if PEAK_RESET.exists() and (held := memory("VmHWM") - before) > BYTES:
                raise AssertionError(f"{held / 1e6:.0f} MB")
        except Exception as failure:
            failures.append(f"{case.name}: {type(failure).__name__}: {failure}")
        path.unlink()
    assert not failures, "\n".join(failures)
    assert sum(outcomes.values()) >= 300 and min(outcomes.values()) > 50
