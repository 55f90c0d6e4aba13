"""``polyid train --on hf-jobs``: the same training on rented hardware."""

from __future__ import annotations

import shutil
from pathlib import Path

import typer

from polyid.cli.command import say
from polyid.errors import DataError

HERE, HF_JOBS = "here", "hf-jobs"
PLACES = (HERE, HF_JOBS)
_NOT_FORWARDED = {"data", "output", "on", "flavor", "timeout", "publish", "tag", "resume", "overwrite", "quiet"}


def place(name: str) -> str:
    """Check where training is to run."""
    if name not in PLACES:
        raise typer.BadParameter(f"{name!r} is none; choose one of {', '.join(PLACES)}.")
    return name


def forwarded(context: typer.Context) -> tuple[str, ...]:
    """The options that a user gave and that say what is trained, as words for the same command elsewhere."""
    words: list[str] = []
    for option in context.command.params:
        name = option.name or ""
        source = context.get_parameter_source(name)
        if name in _NOT_FORWARDED or source is None or source.name != "COMMANDLINE":
            continue
        value, spelled = context.params[name], max(option.opts, key=len)
        if isinstance(value, bool):
            words += [spelled] if value else []
        else:
            words += [f"{spelled}={each}" for each in (value if isinstance(value, list | tuple) else [value])]
    return tuple(words)


def train_on_jobs(
    context: typer.Context,
    table: Path,
    output: Path | None,
    publish: str | None,
    tag: str | None,
    flavor: str | None,
    timeout: int | None,
) -> None:
    """Start a Job, follow it to its end, and fetch the model where a folder is named for it."""
    from polyid.deploy.folders import find_repository
    from polyid.deploy.jobs import TrainingJob, follow, submit, time_limit
    from polyid.hub.fetch import fetch_bundle

    if publish is None:
        raise DataError("A Job's disk ends with it: name the model repo to publish to, --publish user/polyid-models.")
    if flavor is None:
        raise DataError("No hardware is named for the Job: write --flavor a10g-small, or cpu-upgrade for a small run.")
    if (start := context.params["init_from"]) is not None and Path(start).is_dir():
        raise DataError(
            f"A Job doesn't see the folder {start}: publish that model, and name its repo with --init-from."
        )
    if output is not None and output.exists():
        raise DataError(f"{output} exists already; choose another --output, or leave it out.")
    seconds = timeout or time_limit(None)
    request = TrainingJob(table, forwarded(context), publish, tag, flavor, seconds)
    job = submit(find_repository(), request, lambda line: None)
    say(f"{job.url} runs on {flavor} for at most {seconds / 3600:.3g} h, billed by the minute.")
    try:
        follow(job, print)
    except KeyboardInterrupt:
        say(
            f"The Job goes on without this terminal: `hf jobs logs {job.id}` shows it, `hf jobs cancel {job.id}` ends it."
        )
        raise
    print(f"Published to {publish}")
    if output is not None:
        fetched = fetch_bundle(f"{publish}@{tag}" if tag else publish)
        shutil.copytree(fetched.folder, output)
        print(f"Model written to {output}")
