#!/usr/bin/env python3
"""Makes the extracts in data/sources from the published files.

    python scripts/cited_table/extract.py FOLDER

FOLDER holds the published files by the names of `EXTRACTS`. Rows and cells are kept as they are; of wide files the columns that
the table needs. `polyid data fetch polyid-database` and `polyid data fetch stereopolymers` get two of them. The
hashes printed belong into data/sources/sources.toml.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from polyid.common.files import sha256

SOURCES = ROOT / "data" / "sources"
_PERMEABILITIES = tuple(f"log10_Permeability_{gas}" for gas in ("CO2", "N2", "O2", "CH4", "H2"))
POLYID_PROPERTIES = (
    *("Glass_Transition", "Melt_Temp", "Density", *_PERMEABILITIES, "YoungMod", "Tensile_Strength", "log10_ElongBreak"),
)
# Extract to the published file and the columns kept; None for the file as it is. Oligomers follow from the monomers.
EXTRACTS: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "polyid_database.csv": ("polyid-database.csv", ("smiles_monomer", "distribution", "mechanism", *POLYID_PROPERTIES)),
    "stereopolymers.csv": (
        "stereopolymers.csv",
        ("smiles_monomer", "pm", "polymer_name", "Tg", "Tm", "Tm_units", "Tg_units", "mechanism"),
    ),
    "openpoly.csv": ("openpoly.csv", None),
}


def extract(published: Path, columns: tuple[str, ...]) -> str:
    """The text of some columns of a published table; all rows, in their order."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(csv.DictReader(io.StringIO(published.read_text("utf-8-sig"), newline="")))
    return stream.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the published files lie")
    folder = parser.parse_args().folder
    for name, (published, columns) in EXTRACTS.items():
        if not (folder / published).is_file():
            print(f"{published} is not in {folder}; {name} stays as it is")
            continue
        if columns is None:
            (SOURCES / name).write_bytes((folder / published).read_bytes())
        else:
            (SOURCES / name).write_text(extract(folder / published, columns), encoding="utf-8")
        print(f'{name}: sha256 = "{sha256(SOURCES / name)}"')


if __name__ == "__main__":
    main()
