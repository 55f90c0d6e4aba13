"""Plans carried out: each call made and said, and the Spaces waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from polyid.deploy.deployment import Deployment
from polyid.deploy.plan import Plan
from polyid.hub.calls import Call
from polyid.hub.client import Api, hub_api
from polyid.hub.repos import look_at
from polyid.hub.space_settings import await_running, without_warnings

START_SECONDS = 1800.0
"""How long a Space may take to be built and to start: TensorFlow with CUDA is installed on the way."""
SHOWN_FILES = 8


def described(call: Call) -> list[str]:
    """A call as lines of text: the call, and the first of the files that it commits."""
    more = len(call.files) - SHOWN_FILES
    lines = [str(call), *(f"    {file}" for file in call.files[:SHOWN_FILES])]
    return [*lines, f"    … and {more} more"] if more > 0 else lines


def carry_out(calls: Sequence[Call], say: Callable[[str], None]) -> None:
    """Make calls in their order, saying each before it is made.

    Raises
    ------
    HubError
        One of them is refused. Those before it stay made: the same plan, drawn up anew, goes on from there.
    """
    api = hub_api(None)
    with without_warnings():
        for call in calls:
            for line in described(call):
                say(line)
            call(api)


def await_spaces(plan: Plan, say: Callable[[str], None], seconds: float = START_SECONDS) -> bool:
    """Wait for both Spaces, and tell whether both run; one that somebody paused stays so, and its name is said.

    Raises
    ------
    HubError
        A Space does not start, with the end of its log; or it takes longer.
    """
    running = True
    for repo_id in (plan.deployment.trainer, plan.deployment.inference):
        report = partial(_say_stage, say, repo_id)
        stage = await_running(plan.api, repo_id, _head(plan.api, repo_id), seconds, report)
        if stage != "RUNNING":
            say(
                f"{repo_id} is {stage.lower()} and stays so, which costs nothing: `hf spaces restart {repo_id}` starts it."
            )
            running = False
    return running


def _say_stage(say: Callable[[str], None], repo_id: str, stage: str) -> None:
    say(f"{repo_id}: {stage}")


def _head(api: Api, repo_id: str) -> str:
    info = look_at(api, repo_id, "space")
    return (info.sha if info else None) or ""


def links(deployment: Deployment, endpoint: str) -> list[str]:
    """Where everything is, a line each."""
    found = [
        ("Trainer Space", f"spaces/{deployment.trainer}"),
        ("Inference Space", f"spaces/{deployment.inference}"),
        ("Models", deployment.models),
        ("Tables", f"datasets/{deployment.tables}"),
    ]
    if deployment.bucket:
        found.append(("Runs", f"buckets/{deployment.bucket}"))
    return [f"{what:<17} {endpoint}/{where}" for what, where in found]
