"""Tables that have a name: those bundled in data/, and published ones with their hash and licence."""

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


def bundled_tables() -> dict[str, Path]:
    """Name to path of the tables shipped in ``data/``, the curated one first.

    ``data/`` lies beside the package in a clone, and beside the package's folder in a Space.
    """
    folders = [Path(__file__).resolve().parents[2] / "data", Path.cwd() / "data"]
    for folder in folders:
        tables = sorted(folder.glob("*.csv"), key=lambda path: (path.stem != "polymer_properties", path.stem))
        if tables:
            return {path.stem: path for path in tables}
    return {}
