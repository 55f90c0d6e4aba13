"""Structures drawn as SVG, and repeat units with what each atom contributes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from polyid.chemistry.copolymer_reading import read_copolymer
from polyid.chemistry.forms import refusing
from polyid.chemistry.notations import as_smiles
from polyid.chemistry.smiles import parse_smiles

if TYPE_CHECKING:
    from polyid.explain.contributions import Contributions

# The ends of ColorBrewer's RdBu, which people with any colour vision tell apart.
RAISING = "#b2182b"
LOWERING = "#2166ac"
MOST_ATOMS = 300
"""Of a structure that is drawn: nobody tells more apart, and RDKit takes a minute to lay out four thousand."""
_MOST_CHARACTERS = 20 * MOST_ATOMS
FULL_COLOUR_SHARE = 0.05
"""Of the spread of a property: an atom that adds less is paler than full colour."""


@refusing
def draw_structure(smiles: str, size: tuple[int, int]) -> str:
    """A structure as an ``<svg>`` element without ground, its attachment points marked ``*``.

    Units of a copolymer stand side by side; in the place of a large structure is a line that says so.

    Parameters
    ----------
    smiles : str
        A polymer in any notation.
    size : (int, int)
        Width and height in pixels.

    Raises
    ------
    PolymerError
        The text stands for no SMILES.
    """
    if len(smiles) > _MOST_CHARACTERS:
        return _not_drawn(f"{len(smiles):,} characters", size)
    copolymer = read_copolymer(smiles)
    molecule = parse_smiles(as_smiles(smiles).text if copolymer is None else copolymer.units)
    if molecule.GetNumAtoms() > MOST_ATOMS:
        return _not_drawn(f"{molecule.GetNumAtoms():,} atoms", size)
    text = _drawn(molecule, size, clearBackground=False, padding=0.08).GetDrawingText()
    return text[text.index("<svg") :]


def _drawn(molecule: Chem.Mol, size: tuple[int, int], **options: Any) -> Any:
    """A finished `rdMolDraw2D.MolDraw2DSVG`."""
    drawer = rdMolDraw2D.MolDraw2DSVG(*size)
    for name, value in options.items():
        setattr(drawer.drawOptions(), name, value)
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
    drawer.FinishDrawing()
    return drawer


def _not_drawn(how_much: str, size: tuple[int, int]) -> str:
    """A line of text in the place of a drawing."""
    width, height = size
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}px' height='{height}px' viewBox='0 0 {width} {height}'>"
        f"<rect width='{width}' height='{height}' fill='none'></rect><text x='{width / 2}' y='{height / 2}' "
        f"text-anchor='middle' font-size='14' fill='currentColor'>{how_much}: too large to draw</text></svg>"
    )


def full_colour(contributions: Contributions, spread: float | None = None) -> float:
    """The contribution that is drawn in full colour.

    It is never less than a part of what the property varies by, so that what is next to nothing is pale, however little the
    other atoms add.

    Parameters
    ----------
    contributions : Contributions
    spread : float, optional
        Range of the middle half of the training values; without it the prediction itself is taken for it.
    """
    least = FULL_COLOUR_SHARE * abs(spread or contributions.total)
    return max(float(np.abs(contributions.atoms).max(initial=0.0)), least) or 1.0


def draw_contributions(
    contributions: Contributions, size: tuple[int, int] = (420, 300), *, limit: float | None = None
) -> str:
    """The repeat unit as SVG, with red behind atoms that raise the prediction and blue behind those that lower it.

    Parameters
    ----------
    contributions : Contributions
    size : (int, int)
        Width and height in pixels.
    limit : float, optional
        Contribution of an atom in full colour; by default the largest of the unit.

    Returns
    -------
    str
        An ``<svg>`` element, to be put into a page or a file; each patch of colour has its number as title. Of a unit of
        more than `MOST_ATOMS` a line that says so.
    """
    molecule = Chem.MolFromSmiles(contributions.repeat_unit)
    if molecule.GetNumAtoms() > MOST_ATOMS:
        return _not_drawn(f"{molecule.GetNumAtoms():,} atoms", size)
    rdDepictor.Compute2DCoords(molecule)
    drawer = _drawn(molecule, size, dummiesAreAttachments=True, padding=0.15)
    points = [drawer.GetDrawCoords(i) for i in range(molecule.GetNumAtoms())]
    lengths = [
        np.hypot(
            points[b.GetBeginAtomIdx()].x - points[b.GetEndAtomIdx()].x,
            points[b.GetBeginAtomIdx()].y - points[b.GetEndAtomIdx()].y,
        )
        for b in molecule.GetBonds()
    ]
    radius = float(np.median(lengths)) if lengths else 20.0
    # Where all atoms say the same, what is left of them is rounding, which is no contribution to paint.
    least = 1e-6 * max(abs(contributions.total), abs(contributions.centre)) or 1.0
    limit = limit or max(float(np.abs(contributions.atoms).max()), least)
    text = drawer.GetDrawingText()
    text = text[text.index("<svg") :]
    # Pages hold several drawings: each refers to gradients of its own.
    name = hashlib.sha256(repr((text, contributions.atoms.tolist(), limit)).encode()).hexdigest()[:10]
    suffix = f" {contributions.unit}" if contributions.unit else ""
    patches = [_gradient(f"raising-{name}", RAISING), _gradient(f"lowering-{name}", LOWERING)]
    for atom, point, value in zip(molecule.GetAtoms(), points, contributions.atoms.tolist(), strict=True):
        if atom.GetAtomicNum() == 0:
            continue
        direction = "raising" if value > 0 else "lowering"
        title = escape(f"{atom.GetSymbol()} {value:+.3g}{suffix}")
        patches.append(
            f"<circle cx='{point.x:.1f}' cy='{point.y:.1f}' r='{radius:.1f}' fill='url(#{direction}-{name})' "
            f"fill-opacity='{min(1.0, abs(value) / limit):.3f}'><title>{title}</title></circle>"
        )
    # Behind the molecule, in front of the white ground.
    ground = text.index("</rect>") + len("</rect>")
    return text[:ground] + "\n" + "\n".join(patches) + text[ground:]


def _gradient(name: str, colour: str) -> str:
    """A Gaussian spot."""
    stops = "".join(
        f"<stop offset='{r:.2f}' stop-color='{colour}' stop-opacity='{np.exp(-4.5 * r * r) - 0.011 * r:.3f}'/>"
        for r in np.linspace(0.0, 1.0, 9)
    )
    return f"<radialGradient id='{name}'>{stops}</radialGradient>"
