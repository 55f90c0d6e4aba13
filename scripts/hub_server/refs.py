"""Calls about branches and tags."""

from hub_server.access import Payload, Readable, Writable, Writer
from hub_server.errors import HubProblem
from hub_server.names import REF_NAME
from hub_server.repo import WRITE_LOCK
from hub_server.routing import api


@api("GET", "/refs")
def list_refs(repo: Readable, include_prs: bool = False) -> dict:
    def listed(group: str, prefix: str) -> list[dict]:
        return [
            {"name": name.removeprefix("refs/pr/"), "ref": prefix + name, "targetCommit": sha}
            for name, sha in sorted(repo.refs[group].items())
        ]

    answer = {"branches": listed("branches", "refs/heads/"), "tags": listed("tags", "refs/tags/"), "converts": []}
    return answer | ({"pullRequests": listed("pulls", "")} if include_prs else {})


def checked_ref(name: str) -> str:
    if not REF_NAME.fullmatch(name):
        raise HubProblem(400, f"Invalid reference name: {name!r}")
    return name


@api("POST", "/branch/{branch:segment}")
def create_branch(repo: Writable, branch: str, payload: Payload) -> dict:
    with WRITE_LOCK:
        sha = repo.resolve(str(payload.get("startingPoint") or "main"))
        if checked_ref(branch) in repo.refs["branches"]:
            raise HubProblem(409, f"Reference refs/heads/{branch} already exists")
        repo.set_ref("branches", branch, sha)
    return {}


@api("DELETE", "/branch/{branch:segment}")
def delete_branch(repo: Writable, branch: str) -> dict:
    with WRITE_LOCK:
        if branch == "main":
            raise HubProblem(403, "Cannot delete refs/heads/main")
        if branch not in repo.refs["branches"]:
            raise HubProblem(404, f"Invalid rev id: refs/heads/{branch}")
        repo.set_ref("branches", branch, None)
    return {}


@api("POST", "/super-squash/{branch:segment}")
def squash(repo: Writable, branch: str, account: Writer, payload: Payload) -> dict:
    """Make a branch a single commit of what it holds."""
    with WRITE_LOCK:
        if branch not in repo.refs["branches"]:
            raise HubProblem(404, f"Invalid rev id: {branch}", "RevisionNotFound")
        tree = repo.commit(repo.refs["branches"][branch])["tree"]
        repo.set_ref("branches", branch, repo.add_commit(tree, None, account.name, str(payload.get("message") or "")))
    return {}


@api("POST", "/tag/{revision:segment}")
def create_tag(repo: Writable, revision: str, payload: Payload) -> dict:
    with WRITE_LOCK:
        sha = repo.resolve(revision)
        tag = checked_ref(str(payload.get("tag", "")))
        if tag in repo.refs["tags"]:
            raise HubProblem(409, f"Tag reference exists already: refs/tags/{tag}")
        repo.set_ref("tags", tag, sha)
    return {}


@api("DELETE", "/tag/{tag:segment}")
def delete_tag(repo: Writable, tag: str) -> dict:
    with WRITE_LOCK:
        if tag not in repo.refs["tags"]:
            raise HubProblem(404, f"Reference does not exist: refs/tags/{tag}", "RevisionNotFound")
        repo.set_ref("tags", tag, None)
    return {}
