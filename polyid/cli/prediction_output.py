"""Predictions of ``polyid predict`` as they are written: in words for people, as CSV, as JSON."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from polyid.cli import command
from polyid.hub.fetch import FetchedBundle
from polyid.hub.provenance import provenance
from polyid.inference.records import prediction_record, unit_of
from polyid.inference.tables import joined

if TYPE_CHECKING:
    from polyid.data.prediction_table import PredictionTable
    from polyid.ensemble.multi_model import MultiModel


def print_in_words(ensemble: MultiModel, smiles: Sequence[str], pm: Sequence[float | None], level: float) -> list[int]:
    """Print predictions for people; returns the numbers of the polymers that can't be read."""
    from polyid.uncertainty.domain.verdict import nearest_in_words

    predictions = ensemble.predict(smiles, level, pm=pm)
    for number, text in enumerate(predictions.smiles):
        record = predictions.record(number)
        print(text if len(text) <= 100 else text[:97] + "...")
        if record["error"] is not None:
            print(f"  {record['error']}")
            continue
        if record["read_as"]:
            print(f"  {record['read_as']}")
        for reading in record["properties"]:
            ignored = " (as without stereo marks)" if reading["marks_ignored"] else ""
            print(f"  {_in_words(ensemble, reading, level, predictions.calibrated)}{ignored}")
        if record["domain"] is not None:
            print(f"  {record['domain'].capitalize()}: {record['domain_reason']}")
            print(f"  Nearest training polymers: {nearest_in_words(record['nearest_training_polymers'])}")
        for said in filter(None, (record["marks_ignored"], record["measured"])):
            print(f"  {said[0].upper()}{said[1:]}")
    if not predictions.calibrated:
        command.say("The model has no calibrated intervals: ± is the standard deviation over its folds, not its error.")
    return [number for number, error in enumerate(predictions.error, 1) if error is not None]


def print_json(
    ensemble: MultiModel, smiles: Sequence[str], pm: Sequence[float | None], level: float, bundle: FetchedBundle
) -> list[int]:
    """Print predictions as the Space answers them (`polyid.inference.records.answer_record`), a line a polymer, part by part;
    returns the numbers of the polymers that can't be read."""
    head = {"model": provenance(bundle, ensemble.metadata), "level": level}
    sys.stdout.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "predictions": [')
    unread: list[int] = []
    done = 0
    for part in ensemble.predict_in_parts(smiles, level, pm=pm):
        for number in range(len(part)):
            record = prediction_record(part, number, ensemble.prediction_units)
            sys.stdout.write(("," if done else "") + "\n" + json.dumps(record, ensure_ascii=False, allow_nan=False))
            done += 1
            unread += [done] if record["error"] is not None else []
    sys.stdout.write("\n]}\n")
    return unread


def write_table(
    ensemble: MultiModel,
    smiles: Sequence[str],
    pm: Sequence[float | None],
    level: float,
    table: PredictionTable | None,
    path: str | None,
    resume: bool,
    oligomers: bool,
) -> list[int]:
    """Write predictions as CSV part by part, behind the columns of a table if there is one, to standard output if there
    is no path; returns the numbers of the polymers that can't be read."""
    from tqdm import tqdm

    from polyid.common.spreadsheet import csv_text
    from polyid.inference.resumable_table import ResumableTable

    columns = table.frame.to_csv() if table is not None else ""
    origin = json.dumps([ensemble.metadata.get("sha256"), level, list(smiles), list(pm), columns, oligomers])
    output = ResumableTable(path, hashlib.sha256(origin.encode()).hexdigest(), resume) if path else None
    begin = done = output.rows if output else 0
    unread: list[int] = output.rows_with("error") if output else []
    progress = tqdm(
        total=len(smiles),
        initial=begin,
        desc="Predicting",
        unit="polymer",
        dynamic_ncols=True,
        disable=len(smiles) < 1_000,
    )
    try:
        with progress:
            for part in ensemble.predict_in_parts(smiles[begin:], level, pm=pm[begin:]):
                unread += [done + i for i, error in enumerate(part.error, 1) if error is not None]
                rows = part.to_frame(oligomers=oligomers)
                rows = rows if table is None else joined(table, rows, done)
                if output:
                    output.append(rows)
                else:
                    sys.stdout.write(csv_text(rows, header=not done))
                done += len(rows)
                progress.update(len(rows))
    except KeyboardInterrupt:
        if output and done:
            command.say(
                f"{done} of {len(smiles)} rows are in {output.partial}; the same command with --resume goes on."
            )
        raise
    if output:
        output.finish()
        command.say(f"{done} rows written to {path}")
    return unread


def _in_words(ensemble: MultiModel, reading: Mapping[str, Any], level: float, calibrated: bool) -> str:
    """A property in words, such as ``Glass transition temperature: 98 °C, 90 % between 75 and 120 °C``."""
    from polyid.data.properties import PROPERTIES, decimals, property_label

    name, mean, std = reading["name"], reading["value"], reading["std"]
    entry = PROPERTIES.get(name)
    unit = unit_of(ensemble.prediction_units, name) or (entry.unit if entry else None)
    places = decimals(mean, std if reading["expected_error"] is None else reading["expected_error"])

    def shown(value: float) -> str:
        return f"{value:.{places}f}{f' {unit}' if unit else ''}"

    label = property_label(name)
    if not calibrated:
        return f"{label}: {shown(mean)}" if std is None else f"{label}: {mean:.{places}f} ± {shown(std)}"
    if reading["lower"] is None:
        return f"{label}: {shown(mean)}, too few polymers were held out for an interval of {100 * level:g} %"
    lower, upper = reading["lower"], reading["upper"]
    return f"{label}: {shown(mean)}, {100 * level:g} % between {lower:.{places}f} and {shown(upper)}"
