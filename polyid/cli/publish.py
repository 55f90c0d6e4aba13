"""``polyid publish``: a model folder to the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Model folder.")],
    repo_id: Annotated[str, typer.Argument(help="Such as user/polyid-models; created if needed.")],
    tag: Annotated[str | None, typer.Option(help="Git tag for the commit, such as v1.0.0.")] = None,
    branch: Annotated[str | None, typer.Option(help="Branch to commit to; by default main.")] = None,
    private: Annotated[bool, typer.Option("--private", help="Create the repo private.")] = False,
) -> None:
    """Upload a model to a Hub model repo, in one commit."""
    from polyid.hub.publish import publish_bundle

    published = publish_bundle(folder, repo_id, tag=tag, branch=branch, private=private or None)
    tagged = f" (tag {published.tag})" if published.tag else ""
    print(f"Published to {published.repo_id}: {published.commit_url}{tagged}")
