"""The public sets: where each lies, how its columns are read, by which protocol it is judged, and what was published on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from polyid.chemistry.identity import polymer_identity
from polyid.data.catalogue import SOURCES, DataSource
from polyid.data.download import fetch_file
from polyid.errors import DataError

ROOT = Path(__file__).resolve().parents[3]
LARGE_FILES = "https://media.githubusercontent.com/media"
"""Server of what GitHub keeps outside a repository."""


@dataclass(frozen=True)
class PublicSet:
    """A set of polymers to be judged on.

    Attributes
    ----------
    name, title : str
    source : DataSource or None
        The published file; None where its hash is not known to us, and a local file has to be given.
    read : callable
        From the file's rows to a frame of one row a polymer or sample: ``smiles`` (repeat unit), or what the published
        database has (``smiles_polymer``, ``smiles_monomer``, ``mechanism``, ``pm`` …), and a column a property.
    properties : mapping of str to str
        Column of `read` to how it is shown, with its unit.
    published : mapping of str to str
        Figures on this set in print, by property.
    bundled : Path or None
        The file in this repository that is taken where no other is given.
    server : str or None
        Where `source` lies, if not where others do.
    """

    name: str
    title: str
    source: DataSource | None
    read: Callable[[pd.DataFrame], pd.DataFrame]
    properties: Mapping[str, str]
    published: Mapping[str, str] = field(default_factory=dict)
    bundled: Path | None = None
    server: str | None = None

    def rows(self, file: Path | None = None) -> pd.DataFrame:
        """The set as `read` gives it, from a local file, the bundled one, or the published one by its hash.

        Raises
        ------
        DataError
            There is none of the three, or the file lacks a column.
        """
        path = file or self.bundled
        if path is None and self.source is not None:
            path = fetch_file(self.source, base_url=self.server)
        if path is None:
            raise DataError(f"The set {self.name} can't be fetched; give your copy of it as --file {self.name}=PATH.")
        try:
            return self.read(pd.read_csv(path))
        except KeyError as error:
            raise DataError(f"{path} is not the file of {self.name}: it has no column {error}.") from error


def _database(rows: pd.DataFrame) -> pd.DataFrame:
    """The published database as it is."""
    chosen = ["smiles_polymer", "smiles_monomer", "mechanism", "replicate_structure", "distribution", *DATABASE]
    return rows[[column for column in chosen if column in rows or column in DATABASE]].dropna(
        subset=list(DATABASE), how="all"
    )


def _stereopolymers(rows: pd.DataFrame) -> pd.DataFrame:
    renamed = rows.rename(columns={"Tg": "Glass_Transition", "Tm": "Melt_Temp"})
    chosen = [
        "smiles_polymer",
        "smiles_monomer",
        "pm",
        "mechanism",
        "replicate_structure",
        "Glass_Transition",
        "Melt_Temp",
    ]
    return renamed[chosen].dropna(subset=["Glass_Transition", "Melt_Temp"], how="all")


def _openpoly(rows: pd.DataFrame) -> pd.DataFrame:
    """Temperatures in °C; rows of one unit, which are samples of other names, stay apart."""
    found = pd.DataFrame({"smiles": rows["PSMILES"]})
    for name, column in {"Glass_Transition": "Tg (K)", "Melt_Temp": "Tm (K)", "Decomposition": "Td (K)"}.items():
        found[name] = rows[column] - 273.15
    found["Contact_Angle"] = rows["Water Contact Angle (deg)"]
    found["Dielectric_Constant"] = rows["Dielectric Constant Total"]
    return found.dropna(subset=list(OPENPOLY), how="all")


def _gases(rows: pd.DataFrame) -> pd.DataFrame:
    """Medians of the logarithms over the measurements of a polymer, whatever the year and condition."""
    logarithms = pd.DataFrame({f"log10_Permeability_{gas}": np.log10(rows[gas].where(rows[gas] > 0)) for gas in GASES})
    keys = rows["Smiles"].map({unit: polymer_identity(unit) for unit in rows["Smiles"].unique()})
    medians = logarithms.groupby(keys).median()
    return medians.assign(smiles=rows["Smiles"].groupby(keys).first()).dropna(how="all").reset_index(drop=True)


def _electron_affinity(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["smiles", "value"]].rename(columns={"value": "Electron_Affinity"})


DATABASE = {
    "Glass_Transition": "Tg, °C",
    "Melt_Temp": "Tm, °C",
    "Density": "density, g/cm³",
    "log10_Permeability_CO2": "log P CO₂",
    "log10_Permeability_N2": "log P N₂",
    "log10_Permeability_O2": "log P O₂",
    "YoungMod": "E, MPa",
}
OPENPOLY = {
    "Glass_Transition": "Tg, °C",
    "Melt_Temp": "Tm, °C",
    "Decomposition": "decomposition, °C",
    "Contact_Angle": "water contact angle, °",
    "Dielectric_Constant": "dielectric constant (computed)",
}
GASES = ("He", "H2", "O2", "N2", "CO2", "CH4")

_LANGUAGE_MODEL = (
    "C. Xu, Y. Wang and A. Barati Farimani, TransPolymer, npj Comput. Mater. 9, 64 (2023), doi:10.1038/s41524-023-01016-5; "
    "values: C. Kuenneth et al., Patterns 2, 100238 (2021), doi:10.1016/j.patter.2021.100238"
)

SETS: dict[str, PublicSet] = {
    own.name: own
    for own in [
        PublicSet(
            "polyid-database",
            "The published PolyID property database (A. N. Wilson et al., Macromolecules 56, 8547, 2023)",
            SOURCES["polyid-database"],
            _database,
            DATABASE,
            {"Glass_Transition": "19.8 (Wilson et al., a fifth of their training data held out)"},
        ),
        PublicSet(
            "stereopolymers",
            "Polyesters at several tacticities (the same paper)",
            SOURCES["stereopolymers"],
            _stereopolymers,
            {"Glass_Transition": "Tg, °C", "Melt_Temp": "Tm, °C"},
        ),
        PublicSet(
            "openpoly",
            "OpenPoly's values from the literature (WangGroupFDU, 2025)",
            None,
            _openpoly,
            OPENPOLY,
            {
                "Glass_Transition": "28.1 (MLP), 31.1 (XGBoost), 43.6 (TabPFN), 47.0 (polyBERT)",
                "Melt_Temp": "24.9 (XGBoost), 34.1 (TabPFN), 42.8 (polyBERT)",
                "Decomposition": "30.7 (TabPFN), 34.0 (XGBoost), 35.5 (Uni-Mol2)",
                "Contact_Angle": "19.4 (Uni-Mol2), 20.0 (polyBERT), 20.0 (XGBoost)",
                "Dielectric_Constant": "0.21 (XGBoost), 0.32 (TabPFN), 0.34 (polyBERT)",
            },
            bundled=ROOT / "data" / "sources" / "openpoly.csv",
        ),
        PublicSet(
            "electron-affinity",
            "Electron affinities of chains by density functional theory (C. Kuenneth et al., Patterns 2, 100238, 2021)",
            DataSource(
                "electron-affinity",
                "Electron affinities of 368 chains, computed",
                "ChangwenXu98/TransPolymer",
                "66a95b7f8824154612385218195cfde5f75cce78",
                "data/Eea.csv",
                "3686258d43bed2aae744ccfaf9c7f8cc43867e2ae4d3816f3dacd43bc55c06b2",
                "as its repository says",
                _LANGUAGE_MODEL,
            ),
            _electron_affinity,
            {"Electron_Affinity": "electron affinity, eV"},
            {"Electron_Affinity": "R² 0.89 (TransPolymer, as wizwand.com lists it)"},
            server=LARGE_FILES,
        ),
        PublicSet(
            "gases",
            "Gas permeabilities of J. Yang et al., Sci. Adv. 2022",
            None,
            _gases,
            {f"log10_Permeability_{gas}": f"log P {gas}" for gas in GASES},
        ),
    ]
}
