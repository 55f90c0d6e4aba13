"""Tables of polymers to train on.

Rows go one way: a file becomes text, copolymers of several columns in one (:mod:`polyid.data.raw`);
:func:`polyid.data.columns.propose_mapping` says what its columns mean, :func:`apply_mapping` makes the
:class:`TrainingTable`. :func:`read_training_table` does all three. Nothing is dropped or changed silently: rows and cells
that can't be used, and values that look wrong, are listed with their row.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from polyid.chemistry.oligomer import ChainSettings
from polyid.common.text import listed
from polyid.data.checks import note_disagreements, note_suspicious
from polyid.data.column_checks import note_doubles, note_marks
from polyid.data.columns import Mapping, propose_mapping
from polyid.data.described import mapping_of
from polyid.data.headers import RawTable
from polyid.data.polymers import read_polymers
from polyid.data.problems import TableProblems
from polyid.data.raw import as_raw_table
from polyid.data.values import read_columns, read_facts
from polyid.errors import DataError


@dataclass
class TrainingTable:
    """Polymers with their properties, ready to train on.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``smiles_polymer`` (the `polyid.chemistry.polymer.Polymer.key` of its oligomer, such as ``*CC(*)C x 18``, which is
        not written out), ``smiles_monomer`` (key of the polymer, by which folds are grouped),
        ``mechanism``, ``pm``, ``distribution``, ``replicate_structure``, ``polymer``, ``class`` and ``tacticity``
        where the file has them, ``row`` (of the file, from 1), and one float column a property, NaN where unmeasured.
    units : dict
        Property to unit; None where unknown.
    labels : dict
        Property to number of values.
    problems : pandas.DataFrame
        Columns ``row``, ``column``, ``value``, ``problem``, ``remedy``, ``outcome`` ("left out" or "kept").
    sha256 : str
        Of the file.
    source : str
        Name of the file.
    unlabelled : int
        Polymers left out because none of the properties is measured.
    notes : list of str
        What was skipped or assumed about the file as a whole.
    chain : ChainSettings
        How the oligomers were drawn: those of a model's questions are drawn alike.
    kelvin : tuple of str
        Columns of the file that were taken for °C and look like kelvin.
    """

    frame: pd.DataFrame
    units: dict[str, str | None]
    labels: dict[str, int]
    problems: pd.DataFrame
    sha256: str
    source: str
    unlabelled: int = 0
    notes: list[str] = field(default_factory=list)
    chain: ChainSettings = field(default_factory=ChainSettings)
    kelvin: tuple[str, ...] = ()

    @property
    def properties(self) -> list[str]:
        return list(self.units)


def read_training_table(
    path: str | os.PathLike[str] | pd.DataFrame,
    properties: Sequence[str] | None = None,
    chain: ChainSettings = ChainSettings(),
    *,
    keep: Sequence[str] = (),
    columns: dict[str, dict[str, str | None]] | None = None,
) -> TrainingTable:
    """Read a table to train on.

    Parameters
    ----------
    path : str, Path or pandas.DataFrame
        CSV (comma, semicolon, tab or bar; any common encoding), XLSX or Parquet; wide (one row a polymer) or of facts
        (one row a value, with columns ``property`` and ``value``).
    properties : sequence of str, optional
        Properties to keep, by the file's column names or by those of :data:`polyid.data.properties.PROPERTIES`; all that
        are recognised when None.
    chain : ChainSettings
        Of the oligomers made from repeat units and monomers.
    keep : sequence of str
        Further columns to keep, as text and under their own names, such as one of folds.
    columns : dict, optional
        What the columns mean, as :func:`describe_columns` says and a user corrects it; recognised when None.

    Returns
    -------
    TrainingTable

    Raises
    ------
    DataError
        Nothing can be trained on; the message names what was seen and the remedy.
    """
    table = as_raw_table(path)
    mapping = propose_mapping(table, properties) if columns is None else mapping_of(table, columns, properties)
    return apply_mapping(table, mapping, chain, keep=keep)


def apply_mapping(
    table: RawTable,
    mapping: Mapping,
    chain: ChainSettings = ChainSettings(),
    *,
    keep: Sequence[str] = (),
) -> TrainingTable:
    """Read the polymers and values of a table whose columns are understood.

    Parameters
    ----------
    table : RawTable
    mapping : Mapping
    chain : ChainSettings
        Of the oligomers made from repeat units and monomers.
    keep : sequence of str
        As for :func:`read_training_table`.

    Returns
    -------
    TrainingTable

    Raises
    ------
    DataError
        A column to keep is missing, no row can be trained on, or a property has no readable value.
    """
    for column in keep:
        if column not in table.cells:
            raise DataError(
                f"{table.source} has no column {column}; its columns are {listed(table.cells.columns)}; correct the name."
            )
    problems = TableProblems()
    for row, text, what in table.bad_rows:
        problems.add(row, "", text, what, "put texts with separators in quotation marks, or remove the extra cells")
    if mapping.of_facts:
        values, units = read_facts(table, mapping, problems, keep)
    else:
        values, units = read_columns(table, mapping, problems)
        note_doubles(table, mapping, problems)
    polymers = read_polymers(table, mapping, values.index, chain, problems)
    frame = polymers.join(values.loc[polymers.index])
    kept = [column for column in keep if column not in frame]
    frame[kept] = table.cells.loc[frame.index, kept]
    properties = list(units)
    labelled = frame[properties].notna().any(axis=1)
    unlabelled = int((~labelled).sum())
    frame = frame[labelled].reset_index(drop=True)
    if frame.empty:
        entries = problems.frame()
        first = f" (row {entries.row[0]}: {entries.problem[0]})" if len(entries) else ""
        raise DataError(
            f"No row of {table.source} can be trained on{first}; each needs a readable polymer and a value of "
            f"{listed(properties)}."
        )
    for name in properties:
        if not frame[name].notna().any():
            raise DataError(
                f"{table.source} has no value of {name} in a row that can be read; leave the property out or add values."
            )
    frame = frame.copy()
    note_suspicious(frame, mapping, units, problems)
    note_disagreements(frame, units, problems)
    note_marks(table, problems)
    notes = list(table.notes)
    if mapping.other:
        notes.append(f"Not used: {listed(mapping.other)}.")
    return TrainingTable(
        frame=frame,
        units=units,
        labels={name: int(frame[name].notna().sum()) for name in properties},
        problems=problems.frame(),
        sha256=table.sha256,
        source=table.source,
        unlabelled=unlabelled,
        notes=notes,
        chain=chain,
        kelvin=tuple(dict.fromkeys(problems.kelvin)),
    )
