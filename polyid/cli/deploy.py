"""``polyid deploy``: both Spaces, the model repo, the tables and the bucket of runs, on the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from polyid.cli.command import say

app = typer.Typer(add_completion=False, rich_markup_mode=None, help="Both Spaces and their repos, on the Hub.")
Owner = Annotated[str | None, typer.Option(help="User or organisation; by default the token's account.")]
Name = Annotated[str, typer.Option(help="What the names of all repos begin with.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the calls, and make none.")]


@app.callback(invoke_without_command=True)
def deploy(
    context: typer.Context,
    owner: Owner = None,
    name: Name = "polyid",
    private: Annotated[bool, typer.Option("--private", help="Nobody else sees any of it.")] = False,
    no_bucket: Annotated[
        bool, typer.Option("--no-bucket", help="No storage bucket: the trainer's runs are lost with a pause.")
    ] = False,
    trainer_hardware: Annotated[
        str | None, typer.Option(metavar="FLAVOUR", help="Such as a10g-small; billed unless cpu-basic.")
    ] = None,
    inference_hardware: Annotated[str | None, typer.Option(metavar="FLAVOUR", help="The same.")] = None,
    trainer_sleep: Annotated[
        int | None,
        typer.Option(metavar="SECONDS", help="Without a visit, on billed hardware; by default a day; -1 for never."),
    ] = None,
    inference_sleep: Annotated[
        int | None, typer.Option(metavar="SECONDS", help="The same; by default an hour.")
    ] = None,
    may_train: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Users and organisations, by commas, who may train besides the owner."),
    ] = None,
    may_watch: Annotated[
        str | None, typer.Option(metavar="NAMES", help="The same of those who may watch; or everyone.")
    ] = None,
    source: Annotated[Path | None, typer.Option(metavar="DIR", help="Clone to deploy; by default this one.")] = None,
    dry_run: DryRun = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Don't wait until the Spaces run.")] = False,
) -> None:
    """Make both Spaces and their repos, or bring them up to date; twice changes nothing."""
    if context.invoked_subcommand is not None:
        return
    from polyid.deploy import deployment as deployments
    from polyid.deploy.carry_out import await_spaces, carry_out, described, links
    from polyid.deploy.folders import find_repository
    from polyid.deploy.plan import deployment_owner, planned

    repository = find_repository(source)
    deployment = deployments.Deployment(
        deployment_owner(owner),
        name,
        private,
        not no_bucket,
        trainer_hardware,
        inference_hardware,
        deployments.TRAINER_SLEEP if trainer_sleep is None else trainer_sleep,
        deployments.INFERENCE_SLEEP if inference_sleep is None else inference_sleep,
        may_train,
        may_watch,
    )
    with planned(repository, deployment) as plan:
        if not plan.calls:
            say("Everything is as it should be: nothing to change.")
        if dry_run:
            for call in plan.calls:
                print(*described(call), sep="\n")
            return
        carry_out(plan.calls, say)
        if not no_wait:
            await_spaces(plan, say)
        print("\n".join(links(deployment, plan.api.endpoint)))


@app.command()
def destroy(
    owner: Owner = None,
    name: Name = "polyid",
    with_data: Annotated[
        bool, typer.Option("--with-data", help="Models, tables and runs too, which nothing brings back.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Delete both Spaces; models, tables and runs stay unless --with-data."""
    from polyid.deploy.carry_out import carry_out
    from polyid.deploy.deployment import Deployment
    from polyid.deploy.plan import deployment_owner, destruction

    calls = destruction(Deployment(deployment_owner(owner), name), with_data)
    if not calls:
        say("There is nothing to delete.")
        return
    print("\n".join(map(str, calls)))
    if dry_run:
        return
    if not yes and not typer.confirm("Delete this?", default=False):
        say("Nothing was deleted.")
        return
    carry_out(calls, lambda line: None)
    say("Deleted.")
