"""Reading of tables: in parts, by other processes, with reasons, and on when a process is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import joblib
import pytest
from helpers.paths import program_environment
from helpers.quotients import classes_of
from rdkit import Chem

from polyid.chemistry.composition import polymer_fragments
from polyid.chemistry.fragments import KnownFragments, chain_fragments
from polyid.chemistry.oligomer import ChainSettings, to_oligomer
from polyid.chemistry.polymer import Polymer
from polyid.errors import PolymerError
from polyid.graphs.features import FEATURES
from polyid.graphs.featuriser import Featuriser
from polyid.graphs.read import read_graph
from polyid.graphs.refinement import compress
from polyid.inference import reader as reading
from polyid.inference.reader import OligomerReader, TableReader, parts_of, read_parts

ATOM, BOND = FEATURES["atom_features_stereo"], FEATURES["bond_features_stereo"]
OLIGOMERS = OligomerReader(Featuriser(ATOM, BOND, False, 3), False, True)
UNITS = ["*CC(*)c1ccccc1", "*CC(*)C", "nonsense", "*C(C)C*", "*OCCOC(=O)c1ccc(C(*)=O)cc1", "*CC(*)Cl", "*CC(*)C#N"]


@pytest.fixture
def processes(monkeypatch):
    """Other processes, however small the table and the machine."""
    monkeypatch.setattr(reading, "FEWEST_POLYMERS", 1)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)


def test_parts_are_the_table():
    for polymers in (1, 9, 10, 11, 79, 80, 81, 500, 1_600, 1_601, 10_001):
        rows = list(range(polymers))
        parts = parts_of(polymers)
        assert [row for part in parts for row in rows[part]] == rows
        assert all(0 < len(rows[part]) <= reading.POLYMERS_A_PART for part in parts)
    assert len(parts_of(10)) == 1 and len(parts_of(1_600)) == 8 and len(parts_of(0)) == 1


def test_several_processes_read_in_order(processes):
    def reader(number, text):
        time.sleep(0.2 if number % 2 else 0.01)
        return number, text, os.getpid()

    parts = [(i, chr(97 + i)) for i in range(20)]
    found = list(read_parts(reader, parts, 20))
    assert [(number, text) for number, text, _ in found] == parts
    readers = {process for _, _, process in found}
    assert len(readers) == 2 and os.getpid() not in readers
    again = {process for _, _, process in read_parts(reader, parts[:4], 20)}
    assert again <= readers  # they stayed


@pytest.mark.parametrize("alone", ["few polymers", "one core", "one part"])
def test_one_process_reads_what_is_not_worth_more(alone, monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1 if alone == "one core" else 2)
    parts = [()] if alone == "one part" else [()] * 3
    polymers = 499 if alone == "few polymers" else 500
    assert set(read_parts(os.getpid, parts, polymers)) == {os.getpid()}


def test_what_other_processes_read_is_what_this_one_reads(processes):
    oligomers = [to_oligomer(unit) for unit in UNITS if unit != "nonsense"]
    known = KnownFragments(polymer_fragments(oligomers[:1]).keys[0][0].astype("int64"), frozenset("C"))
    reader = TableReader(OLIGOMERS, known, ChainSettings())
    parts = [(UNITS[:4], [None] * 4), (UNITS[4:], [0.0, 0.5, 1.0])]
    away, here = list(read_parts(reader, parts, 7)), [reader(*part) for part in parts]
    for one, other in zip(away, here, strict=True):
        assert (one.rows, one.keys, one.polymer, one.unseen) == (
            other.rows,
            other.keys,
            other.polymer,
            other.unseen,
        )
        assert repr(one.graphs) == repr(other.graphs) and repr(one.fragments) == repr(other.fragments)


def test_a_table_is_read_as_its_polymers_are_one_by_one():
    seen = to_oligomer("*CC(*)c1ccccc1")
    known = KnownFragments(polymer_fragments([seen]).keys[0][0].astype("int64"), frozenset({"C"}))
    read = TableReader(OLIGOMERS, known, ChainSettings())(UNITS, [None] * len(UNITS))
    assert [row["smiles"] for row in read.rows] == UNITS
    assert [row["form"] for row in read.rows] == ["repeat unit" if unit != "nonsense" else None for unit in UNITS]
    assert [row["error"] is None for row in read.rows] == [unit != "nonsense" for unit in UNITS]
    good = [row["polymer"] for row in read.rows if row["error"] is None]
    assert [Polymer.read(key).smiles() for key in good] == [to_oligomer(unit) for unit in UNITS if unit != "nonsense"]
    assert [read.keys[i] for i in read.polymer] == good
    assert len(read.keys) == 5 and read.polymer[1] == read.polymer[2]  # polypropylene, written twice
    for text, graph, unseen in zip(read.keys, read.graphs, read.unseen, strict=True):
        whole = compress(read_graph(Polymer.read(text).smiles(), ATOM, BOND, False), 3)
        assert classes_of(graph) == classes_of(whole)
        assert unseen.fragments == len(set(chain_fragments(text)) - set(known.fragments.tolist()))
        elements = {atom.GetSymbol() for atom in Chem.MolFromSmiles(Polymer.read(text).smiles()).GetAtoms()}
        assert unseen.elements == sorted(elements - {"C"})
    assert repr(read.fragments) == repr(polymer_fragments(read.keys))


def test_an_unreadable_oligomer_is_named_by_its_row(processes):
    parts = [(["CCCC", "CCO"], [1, 3]), (["C1CC", "CC"], [700, 701])]
    with pytest.raises(PolymerError, match=r"^Row 700: 'C1CC' is not a SMILES"):
        list(read_parts(OLIGOMERS, parts, 4))


def test_a_killed_process_costs_nothing_but_time(processes):
    here = os.getpid()

    def reader(number):
        if number == 5 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.warns(UserWarning, match="this one goes on"):
        assert list(read_parts(reader, [(i,) for i in range(40)], 40)) == list(range(40))


def test_what_can_not_be_sent_is_read_here(processes):
    lock = threading.Lock()

    def reader(number):
        with lock:
            return number, os.getpid()

    with pytest.warns(UserWarning, match="this one goes on"):
        assert list(read_parts(reader, [(1,), (2,)], 2)) == [(1, os.getpid()), (2, os.getpid())]


def test_a_table_may_be_left_in_the_middle(processes):
    def reader(number):
        time.sleep(0.05)
        return number

    read = read_parts(reader, [(i,) for i in range(100)], 100)
    assert next(read) == 0
    started = time.monotonic()
    read.close()
    assert time.monotonic() - started < 3.0
    assert list(read_parts(reader, [(1,), (2,)], 2)) == [1, 2]


def test_a_script_without_a_main_guard_is_not_run_again(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "print('begins')\n"
        "import os, joblib\n"
        "from polyid.inference.reader import read_parts\n"
        "joblib.cpu_count = lambda: 2\n"
        "def reader(number):\n"
        "    return number, os.getpid() != here\n"
        "here = os.getpid()\n"
        "print(list(read_parts(reader, [(1,), (2,)], 500)))\n"
    )
    environment = program_environment()
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=environment, timeout=120)
    assert done.stdout == "begins\n[(1, True), (2, True)]\n", done.stderr
    assert not done.stderr
