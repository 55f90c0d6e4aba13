"""The HTML of predictions: a polymer's card, a table of several, and the drawing that says why."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from answers import Shown, in_words, model_line, readings
from rdkit import Chem, rdBase
from rdkit.Chem.Draw import rdMolDraw2D

from polyid.data.properties import PROPERTIES, decimals

if TYPE_CHECKING:
    from polyid.explain.contributions import Contributions

DRAWING_SIZE = (320, 220)
NO_INTERVALS = (
    "This model has no calibrated intervals. The standard deviation over its folds says how far the "
    "networks agree, not how far they are off."
)
Reading = Mapping[str, Any]


def card(shown: Shown, number: int) -> str:
    """One polymer: its structure, predictions, domain and the training polymers nearest to it."""
    predictions, entries = shown.predictions, readings(shown, number)
    smiles, known = predictions.smiles[number], predictions.verdict is not None
    return (
        f'<article class="polymer"><figure>{drawing(smiles)}</figure><div class="numbers">'
        f"<h3><code>{html.escape(smiles)}</code></h3>"
        f'<p class="quiet">Read as {html.escape(str(predictions.form[number]))}</p>{_domain(shown, number) if known else ""}'
        f"{_properties(entries, shown)}</div>{_nearest(shown, number, entries) if known else ''}</article>"
        f'<p class="quiet">{csv_link(shown)} Answered by {model_line(shown.loaded)}.'
        f"{'' if predictions.calibrated else ' ' + NO_INTERVALS}</p>"
    )


def _headings(shown: Shown) -> tuple[str, ...]:
    """What is said of each property."""
    if not shown.predictions.calibrated:
        return ("Value", "Standard deviation")
    return ("Value", f"{100 * shown.predictions.level:g} % between", "Expected error")


def _numbers(entry: Reading) -> str:
    """The cells of one property under these headings."""

    def words(key: str) -> str:
        return in_words(entry[key], entry["decimals"])

    value = f'<td class="number value">{words("value")}</td>'
    if entry["expected_error"] is None:
        return f'{value}<td class="number">± {words("std")}</td>'
    interval = "not known" if entry["lower"] is None else f"{words('lower')} to <span>{words('upper')}</span>"
    return f'{value}<td class="number interval">{interval}</td><td class="number">± {words("expected_error")}</td>'


def _properties(entries: Sequence[Reading], shown: Shown) -> str:
    heads = "".join(f'<th scope="col" class="number">{text}</th>' for text in _headings(shown))
    lines = "".join(f'<tr><th scope="row">{_label(entry)}</th>{_numbers(entry)}</tr>' for entry in entries)
    return f'<table><thead><tr><th scope="col">Property</th>{heads}</tr></thead><tbody>{lines}</tbody></table>'


def _domain(shown: Shown, number: int) -> str:
    verdict, reason = shown.predictions.verdict[number], shown.predictions.reason[number]
    return f'<p class="domain">{_verdict(verdict)} {html.escape(reason)}</p>'


def _verdict(verdict: str) -> str:
    """The verdict as a badge: its words say it, the colour only helps."""
    return f'<strong class="verdict {verdict.replace(" ", "-")}">{verdict.capitalize()}</strong>'


def _nearest(shown: Shown, number: int, entries: Sequence[Reading]) -> str:
    """The nearest training polymers: what was measured of them beside what is predicted here."""
    polymers = shown.predictions.nearest[number]
    heads = "".join(
        f'<th scope="col" class="number"><figure>{drawing(polymer["smiles"])}</figure>'
        f"{html.escape(_name(polymer))}, measured</th>"
        for polymer in polymers
    )
    lines = ""
    for entry in entries:
        measured = [polymer["values"].get(entry["name"]) for polymer in polymers]
        if any(value is not None for value in measured):
            cells = "".join(f'<td class="number">{in_words(value, entry["decimals"])}</td>' for value in measured)
            lines += (
                f'<tr><th scope="row">{_label(entry)}</th>'
                f'<td class="number value">{in_words(entry["value"], entry["decimals"])}</td>{cells}</tr>'
            )
    return (
        '<section class="nearest"><h4>Nearest training polymers</h4>'
        '<div tabindex="0" role="region" aria-label="Nearest training polymers"><table><thead><tr>'
        f'<th scope="col">Property</th><th scope="col" class="number">Predicted</th>{heads}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div></section>"
    )


def _name(polymer: Mapping[str, Any]) -> str:
    return polymer["name"] or polymer["smiles"]


def batch_table(shown: Shown) -> str:
    """Several polymers, one a row, with all that is known of each."""
    predictions = shown.predictions
    entries = [readings(shown, number) for number in predictions.predicted]
    headings, known = _headings(shown), predictions.verdict is not None

    def head(*texts: str) -> str:
        return "".join(f'<th scope="col" rowspan="2">{text}</th>' for text in texts)

    groups = "".join(f'<th scope="colgroup" colspan="{len(headings)}">{_label(entry)}</th>' for entry in entries[0])
    heads = "".join(f'<th scope="col" class="number">{text}</th>' for text in headings) * len(entries[0])
    lines = ""
    for i, of_polymer in zip(predictions.predicted, entries, strict=True):
        before = behind = ""
        if known:
            nearest = "; ".join(_name(polymer) for polymer in predictions.nearest[i])
            before = f"<td>{_verdict(predictions.verdict[i])}</td>"
            behind = "".join(f'<td class="words">{html.escape(t)}</td>' for t in (predictions.reason[i], nearest))
        lines += (
            f'<tr><th scope="row"><span class="line">{i + 1}</span> <code>{html.escape(predictions.smiles[i])}</code></th>'
            f"{before}{''.join(map(_numbers, of_polymer))}<td>{html.escape(str(predictions.form[i]))}</td>{behind}</tr>"
        )
    before, behind = (head("Domain"), head("Reason", "Nearest training polymers")) if known else ("", "")
    return (
        '<div class="batch" tabindex="0" role="region" aria-label="All predictions"><table><thead>'
        f"<tr>{head('Polymer')}{before}{groups}{head('Read as')}{behind}</tr><tr>{heads}</tr></thead>"
        f"<tbody>{lines}</tbody></table></div>"
    )


def csv_link(shown: Shown) -> str:
    """A link that holds the whole table, lines that couldn't be read included."""
    predictions = shown.predictions
    content = base64.b64encode(predictions.to_frame().to_csv(index=False).encode()).decode()
    name = f"polyid_intervals_{100 * predictions.level:g}.csv" if predictions.calibrated else "polyid.csv"
    return f'<a download="{name}" href="data:text/csv;charset=utf-8;base64,{content}">Download as CSV</a>.'


def why(found: Contributions) -> str:
    """The repeat unit coloured by what each part adds to a prediction, and the sum that makes it."""
    from polyid.explain.drawing import draw_contributions  # loads TensorFlow, as the model has by now

    if np.any(found.atoms):
        said = "Red parts raise the prediction, blue ones lower it, compared with the mean over the polymer. "
        said += "Point at an atom for its number" + (
            f", summed over {found.copies} units." if found.copies > 1 else "."
        )
    else:
        said = (
            "Held-out polymers gave the networks no say in this property. The prediction is the kernel regression's, "
            "which compares whole polymers: no part of the structure has a share of its own."
        )
    places = decimals(found.total) + 1
    lines = "".join(
        f'<tr><th scope="row">{html.escape(term)}</th><td class="number">{in_words(value, places)}</td></tr>'
        for term, value in found.terms().items()
    )
    title = f"What each part of {html.escape(found.repeat_unit, quote=True)} adds"
    picture = draw_contributions(found.balanced()).replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
    entry = PROPERTIES.get(found.property)
    return (
        f'<div class="why"><figure>{picture}</figure><div><p>{said}</p><table><tbody>{lines}</tbody>'
        f'<tfoot><tr><th scope="row">Sum: {html.escape(entry.label if entry else found.property)} '
        f'<span class="unit">{_unit(found.unit)}</span></th><td class="number">{in_words(found.total, places)}</td>'
        "</tr></tfoot></table></div></div>"
    )


def _label(entry: Reading) -> str:
    return f'{html.escape(entry["label"])} <span class="unit">{_unit(entry["unit"])}</span>'


def _unit(unit: str | None) -> str:
    """A unit as HTML, free to break before a bracket where the page is narrow."""
    text = (unit or "").replace("cm3", "cm³").replace("log10", "log₁₀")
    return html.escape(text).replace("(", "<wbr>(")


def drawing(smiles: str) -> str:
    """A structure as SVG, its attachment points marked ``*``; nothing for a name that is no SMILES."""
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return ""
    drawer = rdMolDraw2D.MolDraw2DSVG(*DRAWING_SIZE)
    options = drawer.drawOptions()
    options.clearBackground = False
    options.padding = 0.08
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
    drawer.FinishDrawing()
    svg = drawer.GetDrawingText()
    svg = svg[svg.index("<svg") :]
    return svg.replace("<svg", f'<svg role="img" aria-label="Structure of {html.escape(smiles, quote=True)}"', 1)
