"""The command line: train, predict, explain, evaluate, publish and data; the same as ``python -m polyid``."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from polyid import __version__
from polyid.common.files import write_text
from polyid.config.parameters import DEFAULT_SPLIT, PRESETS, SPLITS
from polyid.errors import Cancelled, DataError, PolyIDError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, 1 for an error that was explained, 130 for Ctrl-C."""
    # Without a GPU TensorFlow reports an "error" on every start; what matters is raised, not logged.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parser = build_parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and (options.command != "predict" or any(text.startswith("-") for text in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        # argparse gives up on SMILES once an option stood between them and the model.
        options.smiles += rest
    try:
        options.run(options)
    except (PolyIDError, OSError) as error:
        print(f"polyid: {error}", file=sys.stderr)
        return 1
    except (Cancelled, KeyboardInterrupt):
        print("polyid: stopped.", file=sys.stderr)
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Parser of all subcommands."""
    parser = argparse.ArgumentParser(
        prog="polyid", description="Train, share and use neural networks that predict polymer properties from SMILES."
    )
    parser.add_argument("--version", action="version", version=f"polyid-spaces {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train an ensemble on a table")
    train.add_argument("data", help="CSV, TSV, XLSX or Parquet table of polymers and properties")
    train.add_argument("--properties", nargs="+", metavar="NAME", help="columns to learn; by default all properties")
    train.add_argument("--preset", default="small", choices=sorted(PRESETS), help="parameters (default: small)")
    train.add_argument("--folds", type=int, help="cross-validation folds, one network each (default: the preset's)")
    train.add_argument("--epochs", type=int, help="passes over the data (default: the preset's)")
    train.add_argument("--seed", type=int, default=0, help="of folds, weights and order (default: 0)")
    train.add_argument(
        "--split",
        default=DEFAULT_SPLIT,
        metavar="HOW",
        help=f"how polymers are divided into folds: {', '.join(SPLITS)} (clusters of similar repeat units) or "
        f"column:NAME, folds of your own (default: {DEFAULT_SPLIT})",
    )
    train.add_argument("--output", required=True, metavar="DIR", help="folder for the model")
    train.add_argument("--resume", action="store_true", help="continue an interrupted run in DIR")
    train.add_argument("--overwrite", action="store_true", help="replace the model that DIR holds")
    train.add_argument("--quiet", action="store_true", help="no progress bar")
    train.set_defaults(run=_train)

    predict = commands.add_parser("predict", help="predict properties of polymers")
    predict.add_argument("model", help="model folder, or Hub repo id such as user/repo or user/repo@revision")
    predict.add_argument("smiles", nargs="*", help="oligomers, repeat units with two *, or monomers joined by dots")
    predict.add_argument("--input", metavar="IN.csv", help="table with a column of SMILES, and of pm where known")
    predict.add_argument(
        "--pm", type=float, help="probability of meso dyads of the SMILES given, 0 (syndiotactic) to 1 (isotactic)"
    )
    predict.add_argument("--output", metavar="OUT.csv", help="where to write the table with predictions")
    predict.add_argument("--resume", action="store_true", help="go on with an interrupted --output")
    _add_level(predict)
    predict.set_defaults(run=_predict)

    explain = commands.add_parser("explain", help="draw which parts of a polymer raise and lower a prediction")
    explain.add_argument("model", help="model folder or Hub repo id")
    explain.add_argument("smiles", help="oligomer, repeat unit with two *, or monomers joined by dots")
    explain.add_argument("--pm", type=float, help="probability of meso dyads, 0 (syndiotactic) to 1 (isotactic)")
    explain.add_argument("--property", metavar="NAME", help="such as Glass_Transition or Tg; by default the first")
    explain.add_argument("--output", required=True, metavar="OUT.svg", help="where to write the drawing")
    explain.set_defaults(run=_explain)

    evaluate = commands.add_parser("evaluate", help="compare a model with measured values; JSON on standard output")
    evaluate.add_argument("model", help="model folder or Hub repo id")
    evaluate.add_argument("data", help="table of polymers and measured properties")
    evaluate.add_argument(
        "--out-of-fold",
        action="store_true",
        help="compute metrics.json anew: each network predicts the polymers of the training table it never saw",
    )
    _add_level(evaluate)
    evaluate.set_defaults(run=_evaluate)

    publish = commands.add_parser("publish", help="upload a model to a Hub model repo, in one commit")
    publish.add_argument("folder", metavar="DIR", help="model folder")
    publish.add_argument("repo_id", metavar="REPO_ID", help="such as user/polyid-models; created if needed")
    publish.add_argument("--tag", help="git tag for the commit, such as v1.0.0")
    publish.add_argument("--branch", help="branch to commit to (default: main)")
    publish.add_argument("--private", action="store_true", help="create the repo private")
    publish.set_defaults(run=_publish)

    data = commands.add_parser("data", help="build, fetch and inspect training data")
    actions = data.add_subparsers(dest="action", required=True)
    build = actions.add_parser("build", help="turn a table into a training set of oligomers")
    build.add_argument("table", nargs="?", help="by default the bundled table")
    build.add_argument("--output", required=True, metavar="OUT.csv")
    build.add_argument("--degree-of-polymerisation", type=int, default=18, metavar="N")
    build.add_argument(
        "--replicates", type=int, default=1, metavar="N", help="structures a polymer of partial tacticity"
    )
    build.add_argument("--seed", type=int, default=0)
    build.set_defaults(run=_data_build)
    fetch = actions.add_parser("fetch", help="download a published database")
    fetch.add_argument("name", help="polyid-database or stereopolymers")
    fetch.set_defaults(run=_data_fetch)
    show = actions.add_parser("show", help="say what a table holds, as training would read it")
    show.add_argument("table")
    show.set_defaults(run=_data_show)
    return parser


def _add_level(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--level",
        type=float,
        default=0.9,
        metavar="SHARE",
        help="share of measured values that the intervals are to hold (default: 0.9)",
    )


def _train(options: argparse.Namespace) -> None:
    output = Path(options.output)
    if (output / "parameters.json").exists() and not (options.overwrite or options.resume):
        raise DataError(f"{output} already holds a model; choose another --output, or add --overwrite to replace it.")
    if options.resume and (output / "parameters.json").exists():
        print(f"The run in {output} is finished; there is nothing to resume.")
        return
    from polyid.ensemble.workflow import train_ensemble

    data = _table(options.data)
    ensemble = train_ensemble(
        data,
        output,
        properties=options.properties,
        preset=options.preset,
        folds=options.folds,
        epochs=options.epochs,
        seed=options.seed,
        split=options.split,
        resume=options.resume,
        verbose=not options.quiet,
    )
    left_out = ensemble.metadata["data"].get("rows_left_out") or 0
    if left_out:
        print(f"{left_out} rows of {data} were left out; 'polyid data show {data}' lists them.")
    print(f"{'property':<28}{'polymers':>9}{'MAE':>11}{'RMSE':>11}{'R2':>8}   out-of-fold")
    for name, figures in ensemble.out_of_fold_metrics().items():
        numbers = [f"{figures[k]:.4g}" if figures[k] is not None else "-" for k in ("MAE", "RMSE", "R2")]
        print(f"{name:<28}{figures['n']:>9}{numbers[0]:>11}{numbers[1]:>11}{numbers[2]:>8}")
    print(f"Model written to {output}")


def _load(model: str) -> Any:
    from polyid.hub.fetch import fetch_bundle

    folder = fetch_bundle(model).folder
    from polyid.ensemble.multi_model import MultiModel

    return MultiModel.load_models(folder)


def _predict(options: argparse.Namespace) -> None:
    if bool(options.smiles) == bool(options.input):
        raise DataError("Give either SMILES on the command line, or a table with --input.")
    if options.resume and not options.output:
        raise DataError("--resume goes on with an interrupted --output; name it.")
    from polyid.uncertainty.conformal import check_level

    check_level(options.level)
    if options.input:
        from polyid.data.prediction_table import load_prediction_table

        table = load_prediction_table(options.input)
        smiles = table.smiles
        pm = [options.pm if own is None else own for own in table.pm]
    else:
        smiles, table = options.smiles, None
        pm = [options.pm] * len(smiles)
    ensemble = _load(options.model)
    if table is None and not options.output:
        errors = _predict_in_words(ensemble, smiles, pm, options.level)
    else:
        errors = _predict_table(ensemble, smiles, pm, table, options)
    if errors:
        shown = ", ".join(map(str, errors[:10])) + (" ..." if len(errors) > 10 else "")
        raise DataError(
            f"{len(errors)} of {len(smiles)} polymers could not be predicted (number {shown}); see their 'error'."
        )


def _predict_in_words(ensemble: Any, smiles: Sequence[str], pm: Sequence[float | None], level: float) -> list[int]:
    """Print predictions for people; returns the numbers of the polymers that can't be read."""
    from polyid.uncertainty.domain.verdict import nearest_in_words

    predictions = ensemble.predict(smiles, level, pm=pm)
    for number, text in enumerate(predictions.smiles):
        record = predictions.record(number)
        print(text if len(text) <= 100 else text[:97] + "...")
        if record["error"] is not None:
            print(f"  {record['error']}")
            continue
        for reading in record["properties"]:
            print("  " + _in_words(ensemble, reading, level, predictions.calibrated))
        if record["domain"] is not None:
            print(f"  {record['domain'].capitalize()}: {record['domain_reason']}")
            print(f"  Nearest training polymers: {nearest_in_words(record['nearest_training_polymers'])}")
    if not predictions.calibrated:
        _say("The model has no calibrated intervals: ± is the standard deviation over its folds, not its error.")
    return [number for number, error in enumerate(predictions.error, 1) if error is not None]


def _predict_table(
    ensemble: Any, smiles: Sequence[str], pm: Sequence[float | None], table: Any, options: argparse.Namespace
) -> list[int]:
    """Write predictions as CSV part by part, behind the columns of a table if there is one; returns as `_predict_in_words`."""
    from tqdm import tqdm

    from polyid.inference.resumable_table import ResumableTable

    known = table.frame.to_csv() if table is not None else ""
    origin = json.dumps([ensemble.metadata.get("sha256"), options.level, list(smiles), list(pm), known])
    output = None
    if options.output:
        output = ResumableTable(options.output, hashlib.sha256(origin.encode()).hexdigest(), options.resume)
    begin = done = output.rows if output else 0
    errors: list[int] = output.rows_with("error") if output else []
    bar = {"desc": "Predicting", "unit": "polymer", "dynamic_ncols": True, "disable": len(smiles) < 1_000}
    try:
        with tqdm(total=len(smiles), initial=begin, **bar) as progress:
            for part in ensemble.predict_in_parts(smiles[begin:], options.level, pm=pm[begin:]):
                errors += [done + i for i, error in enumerate(part.error, 1) if error is not None]
                rows = part.to_frame() if table is None else _joined(table, part.to_frame(), done)
                if output:
                    output.append(rows)
                else:
                    rows.to_csv(sys.stdout, index=False, header=not done)
                done += len(rows)
                progress.update(len(rows))
    except KeyboardInterrupt:
        if output and done:
            _say(f"{done} of {len(smiles)} rows are in {output.partial}; the same command with --resume goes on.")
        raise
    if output:
        output.finish()
        _say(f"{done} rows written to {options.output}")
    return errors


def _joined(table: Any, found: Any, start: int) -> Any:
    """Predictions behind the columns of the rows from `start` that they are for."""
    rows = table.frame.iloc[start : start + len(found)]
    found.index = rows.index
    new = found.drop(columns=["smiles"])
    if table.smiles_column in new:
        # The oligomer takes the place of what was asked for, which would be lost.
        new = found
    return rows.drop(columns=[c for c in new.columns if c in rows]).join(new)


def _in_words(ensemble: Any, reading: dict[str, Any], level: float, calibrated: bool) -> str:
    """A property in words, such as ``Glass transition temperature: 98 °C, 90 % between 75 and 120 °C``."""
    from polyid.data.properties import PROPERTIES, decimals

    name, mean, std = reading["name"], reading["value"], reading["std"]
    entry = PROPERTIES.get(name)
    unit = (ensemble.prediction_units.get(name) or [entry.unit if entry else None])[0]
    places = decimals(mean, std if reading["expected_error"] is None else reading["expected_error"])

    def shown(value: float) -> str:
        return f"{value:.{places}f}{f' {unit}' if unit else ''}"

    label = entry.label if entry else name
    if not calibrated:
        return f"{label}: {shown(mean)}" if std is None else f"{label}: {mean:.{places}f} ± {shown(std)}"
    if reading["lower"] is None:
        return f"{label}: {shown(mean)}, too few polymers were held out for an interval of {100 * level:g} %"
    lower, upper = reading["lower"], reading["upper"]
    return f"{label}: {shown(mean)}, {100 * level:g} % between {lower:.{places}f} and {shown(upper)}"


def _explain(options: argparse.Namespace) -> None:
    ensemble = _load(options.model)
    from polyid.data.properties import decimals, find_property
    from polyid.explain.drawing import draw_contributions

    name = options.property or ensemble.prediction_columns[0]
    if name not in ensemble.prediction_columns:
        known = find_property(name)
        name = known[0].name if known else name
    if name not in ensemble.prediction_columns:
        raise DataError(
            f"The model does not predict {options.property}; choose of {', '.join(ensemble.prediction_columns)}."
        )
    found = ensemble.explain(options.smiles, options.pm)[name]
    write_text(options.output, draw_contributions(found.balanced()))
    terms = found.terms()
    places = decimals(found.total) + 1
    for term, value in terms.items():
        print(f"{term:<52}{value:>12.{places}f}")
    print(f"{name:<52}{found.total:>12.{places}f} {found.unit or ''}".rstrip())
    _say(f"{options.output} shows the repeat unit: red raises the prediction, blue lowers it.")


def _evaluate(options: argparse.Namespace) -> None:
    from polyid.uncertainty.conformal import check_level

    check_level(options.level)
    ensemble = _load(options.model)
    from polyid.data.columns import properties_present, propose_mapping
    from polyid.data.raw import read_raw_table
    from polyid.data.training_table import apply_mapping

    data = _table(options.data)
    if options.out_of_fold:
        print(json.dumps(ensemble.recompute_out_of_fold(data), indent=2))
        return
    raw = read_raw_table(data)
    present = properties_present(raw, ensemble.prediction_columns)
    table = apply_mapping(raw, propose_mapping(raw, present), ensemble.chain)
    left_out = table.problems.loc[table.problems["outcome"] == "left out", "row"].nunique()
    if left_out:
        _say(f"{left_out} rows of {data} could not be read; 'polyid data show {data}' lists them.")
    if table.sha256 == ensemble.metadata["data"].get("sha256"):
        _say(f"The model was trained on {data}: it has seen these polymers. For honest figures add --out-of-fold.")
    report = ensemble.evaluate(table.frame, options.level, verbose=len(table.frame) >= 1_000)
    print(json.dumps(report, indent=2))


def _publish(options: argparse.Namespace) -> None:
    from polyid.hub.publish import publish_bundle

    done = publish_bundle(
        options.folder, options.repo_id, tag=options.tag, branch=options.branch, private=options.private or None
    )
    print(f"Published to {done.repo_id}: {done.commit_url}" + (f" (tag {done.tag})" if done.tag else ""))


def _data_build(options: argparse.Namespace) -> None:
    from polyid.chemistry.oligomer import ChainSettings
    from polyid.data.build import build_training_set
    from polyid.data.catalogue import bundled_tables

    table = _table(options.table) if options.table else next(iter(bundled_tables().values()))
    built = build_training_set(
        table,
        options.output,
        ChainSettings(options.degree_of_polymerisation, options.seed),
        replicates=options.replicates,
    )
    _describe(built)
    print(f"{len(built.frame)} polymers written to {options.output}")


def _data_fetch(options: argparse.Namespace) -> None:
    from polyid.data.catalogue import SOURCES
    from polyid.data.download import fetch_source

    print(fetch_source(options.name))
    _say(SOURCES[options.name].notice)


def _table(name: str) -> Path:
    """The table a user names: a file, or one of the data this package knows or the Hub has."""
    if Path(name).exists():
        return Path(name)
    from polyid.hub.datasets import find_table

    return find_table(name)


def _say(message: Any) -> None:
    print(message, file=sys.stderr)


def _data_show(options: argparse.Namespace) -> None:
    from polyid.data.training_table import read_training_table

    _describe(read_training_table(_table(options.table)))


def _describe(table: Any) -> None:
    """What a table holds and what is wrong with it, in plain lines."""
    from polyid.data.preview import preview

    for sentence in preview(table).sentences:
        print(sentence)
    for problem in table.problems.itertuples():
        print(f"  row {problem.row}, {problem.column}: {problem.value!r}: {problem.problem} {problem.remedy}")
