#!/usr/bin/env python3
"""Builds data/cited_properties.csv and what stands behind it from the files in data/sources.

    python scripts/cited_table/build.py [--sources data/sources] [--output data] [--anew]

Written are, in OUTPUT: `cited_properties.csv`, a fact a row with its consensus; `sources/measured_values.csv`, every value with its
source and why it does not count where it does not; `sources/measured_noise.csv`, how far sources disagree; and
`sources/structures.csv`, the repeat unit of each structure that a source writes. The same files give the same bytes. That last file
is read too, as to work the units out takes minutes; ``--anew`` does so, for when the package has come to read structures otherwise.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from cited_table.classes import polymer_class
from cited_table.consensus import Table, consensus_table
from cited_table.facts import Disagreement, Fact, Value
from cited_table.measurements import MEMORY, SOURCES, read_measurements, read_review, source_index
from cited_table.repeat_units import has_one_stereocentre
from cited_table.structures import COLUMNS, KnownStructures

from polyid.common.files import write_text
from polyid.data.properties import PROPERTIES

TABLE_COLUMNS = (
    *("polymer", "class", "repeat_unit", "property", "value", "unit", "tacticity", "pm", "source", "records"),
    *("spread", "note"),
)
VALUE_COLUMNS = (
    *("source", "record", "structure", "mechanism", "repeat_unit", "property", "value", "unit", "written"),
    *("tacticity", "pm", "consensus", "flag"),
)
NOISE_COLUMNS = (
    *("property", "source", "other_source", "polymers", "median_difference", "median_absolute_difference"),
    *("mean_absolute_difference", "robust_std", "noise", "unit"),
)


def build(sources: Path, anew: bool = False) -> dict[str, str]:
    """The text of each file, by its path below the folder of tables; `anew` without the structures that were read before."""
    structures = KnownStructures(None if anew else sources / "structures.csv")
    table = consensus_table(read_measurements(sources), structures, source_index(sources), read_review(sources))
    return {
        "cited_properties.csv": _csv(TABLE_COLUMNS, sorted(_facts(table))),
        "sources/measured_values.csv": _csv(VALUE_COLUMNS, _values(table)),
        "sources/measured_noise.csv": _csv(NOISE_COLUMNS, map(_noise, table.noise)),
        "sources/structures.csv": _csv(COLUMNS, structures.rows()),
    }


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([columns, *rows])
    return stream.getvalue()


def _number(value: float | None) -> str:
    """Six digits at most: more than any of the values has."""
    return "" if value is None else f"{value:.6g}"


def _facts(table: Table) -> Iterable[tuple[str, ...]]:
    """The rows of the table that models are trained on: facts of the properties that the package knows."""
    for fact in table.facts:
        if fact.consensus is None or fact.key.property_name not in PROPERTIES:
            continue
        counted = [value.measurement for value in fact.counted]
        name = table.names[fact.key.polymer]
        tacticities = {value.measurement.tacticity for value in fact.values}
        yield (
            name.polymer,
            name.polymer_class or polymer_class(fact.repeat_unit),
            fact.repeat_unit,
            fact.key.property_name,
            _number(fact.consensus),
            counted[0].unit,
            _tacticity(fact, tacticities),
            _share_of_meso_dyads(fact, {measurement.pm for measurement in counted}),
            "; ".join(dict.fromkeys(measurement.source for measurement in counted)),
            str(len(counted)),
            _number(fact.spread),
            counted[0].note if counted[0].source == MEMORY else "",
        )


def _tacticity(fact: Fact, stated: set[str]) -> str:
    if fact.key.tacticity in ("isotactic", "syndiotactic"):
        return fact.key.tacticity
    return "atactic" if "atactic" in stated else ""


def _share_of_meso_dyads(fact: Fact, stated: set[str]) -> str:
    share = stated.pop() if len(stated) == 1 else ""
    return share if share and has_one_stereocentre(fact.repeat_unit) else ""


def _values(table: Table) -> Iterable[tuple[str, ...]]:
    consensus = {
        id(value): (fact.repeat_unit, _number(fact.consensus)) for fact in table.facts for value in fact.values
    }
    for value in table.values:
        yield _value(value, *consensus.get(id(value), ("", "")))


def _value(value: Value, repeat_unit: str, consensus: str) -> tuple[str, ...]:
    measurement = value.measurement
    return (
        *(measurement.source, measurement.record, measurement.structure, measurement.mechanism, repeat_unit),
        *(measurement.property_name, _number(measurement.value), measurement.unit, measurement.written),
        *(measurement.tacticity, measurement.pm, consensus, value.flag),
    )


def _noise(row: Disagreement) -> tuple[str, ...]:
    numbers = (
        *(row.median_difference, row.median_absolute_difference, row.mean_absolute_difference),
        *(row.robust_std, row.noise),
    )
    return (
        row.property_name,
        row.first,
        row.second,
        str(row.pairs),
        *(f"{number:.3g}" for number in numbers),
        row.unit,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=Path, default=SOURCES)
    parser.add_argument("--output", type=Path, default=SOURCES.parent)
    parser.add_argument("--anew", action="store_true", help="read every structure again")
    arguments = parser.parse_args()
    for name, text in build(arguments.sources, arguments.anew).items():
        (arguments.output / name).parent.mkdir(parents=True, exist_ok=True)
        write_text(arguments.output / name, text)
        print(f"{arguments.output / name}: {text.count(chr(10)) - 1:,} rows")


if __name__ == "__main__":
    main()
