"""Tables that have a name, and which is the default: those bundled in data/, and published ones with their hash and licence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BASE_URL = "https://raw.githubusercontent.com"


@dataclass(frozen=True)
class DataSource:
    """A public file of polymer data at a fixed commit.

    Attributes
    ----------
    name : str
        What it is asked for by.
    title : str
        One line on what it holds.
    repository, commit, path : str
        Where it lies on GitHub.
    sha256 : str
        Of the file, in hexadecimal.
    licence : str
        With the holder of the copyright.
    citation : str
        What to cite when using it.
    """

    name: str
    title: str
    repository: str
    commit: str
    path: str
    sha256: str
    licence: str
    citation: str

    def url(self, base_url: str = BASE_URL) -> str:
        return f"{base_url.rstrip('/')}/{self.repository}/{self.commit}/{self.path}"

    @property
    def notice(self) -> str:
        """Where it comes from, its licence and what to cite, to show whoever fetches it."""
        return (
            f"{self.title}\nSource: https://github.com/{self.repository} at {self.commit[:12]}, {self.path}\n"
            f"Licence: {self.licence}\nPlease cite: {self.citation}"
        )


_POLYID_PAPER = (
    "A. N. Wilson et al., PolyID: Artificial Intelligence for Discovering Performance-Advantaged and Sustainable "
    "Polymers, Macromolecules 56, 8547 (2023), doi:10.1021/acs.macromol.3c00994"
)

DEFAULT_TABLE = "polymer_properties"
"""The bundled table that is taken where none is named."""

SOURCES: dict[str, DataSource] = {
    source.name: source
    for source in [
        DataSource(
            "polyid-database",
            "The published PolyID property database: about 1,500 polymers with up to 11 properties",
            "jlaw9/2026_MD_poly_ML_TL",
            "1cf6232fb4c0c311bef2a54aec08a95429fc3cca",
            "data/training_data/250121db_pub_260225md_and_exp_train.csv",
            "b70db12f9cd37a28d1d26be23e59a003045dddbbc711c6ac2688a026f6b76dde",
            "MIT, © 2025 Jeff Law",
            _POLYID_PAPER,
        ),
        DataSource(
            "stereopolymers",
            "18 polyesters at several tacticities, with Tg and Tm",
            "NREL/polyID",
            "55577cf3f4ac5747dcc44c5a46970e74d3daf526",
            "data/stereopolymer_input_nopush.csv",
            "ae2907b98a8d29b7825c726165570f4715b823dd62602c557db43699f58c665f",
            "BSD 3-Clause, © 2022 Alliance for Sustainable Energy LLC",
            _POLYID_PAPER,
        ),
    ]
}


@dataclass(frozen=True)
class Terms:
    """Licence of a table, and what to cite; empty where the licence says all."""

    licence: str
    citation: str = ""


BUNDLED_TERMS = {
    DEFAULT_TABLE: Terms("CC BY 4.0, the polyid-spaces project"),
    "cited_properties": Terms(
        "CC BY 4.0 as a compilation, the polyid-spaces project; its facts from the PolyID database (MIT, © 2025 Jeff Law), "
        "OpenPoly (MIT, © 2025 WangGroupFDU) and NREL's stereopolymers (BSD 3-Clause, © 2022 Alliance for Sustainable "
        "Energy LLC)",
        f"{_POLYID_PAPER}; OpenPoly, https://github.com/WangGroupFDU/Openpoly_benchmark at ccaa66900747",
    ),
}
"""Of the bundled tables."""


def bundled_folder() -> Path | None:
    """The folder of bundled tables: beside the package in a clone, and beside the package's folder in a Space."""
    folders = [Path(__file__).resolve().parents[2] / "data", Path.cwd() / "data"]
    return next((folder for folder in folders if any(folder.glob("*.csv"))), None)


def bundled_tables(folder: Path | None = None) -> dict[str, Path]:
    """Name to path of the tables in `folder`, by default the bundled ones, the table that is the default first."""
    folder = folder or bundled_folder()
    tables = folder.glob("*.csv") if folder else ()
    return {path.stem: path for path in sorted(tables, key=lambda path: (path.stem != DEFAULT_TABLE, path.stem))}
