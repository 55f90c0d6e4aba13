"""Pages for people."""

import html
from urllib.parse import quote

from fastapi.responses import HTMLResponse, RedirectResponse

from hub_server.access import Readable, TheHub
from hub_server.names import KINDS
from hub_server.repo import Repo
from hub_server.routing import page, pages


def html_page(title: str, body: str, status: int = 200) -> HTMLResponse:
    style = "body{font:16px system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}pre{white-space:pre-wrap}"
    content = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<style>{style}</style><p><a href="/">Local Hub</a></p><h1>{html.escape(title)}</h1>{body}</html>'
    )
    return HTMLResponse(content, status, {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})


def link(address: str, text: str) -> str:
    return f'<a href="{html.escape(quote(address))}">{html.escape(text)}</a>'


def file_list(repo: Repo, sha: str) -> str:
    rows = [
        f"<li>{link(f'{repo.url_path}/resolve/{sha}/{path}', path)} ({entry['size']:,} bytes)</li>"
        for path, entry in sorted(repo.commit(sha)["tree"].items())
    ]
    return f"<h2>Files</h2><ul>{''.join(rows)}</ul>"


def commit_line(repo: Repo, sha: str) -> str:
    commit = repo.commit(sha)
    about = html.escape(f" {commit['title']} ({commit['author']}, {commit['date']})")
    return link(f"{repo.url_path}/commit/{sha}", sha[:7]) + about


def tree_page(repo: Repo, revision: str) -> HTMLResponse:
    sha = repo.resolve(revision)
    readme = repo.text(sha, "README.md")
    names = [name for group in ("branches", "tags") for name in sorted(repo.refs[group])]
    revisions = ", ".join(link(f"{repo.url_path}/tree/{quote(name, safe='')}", name) for name in names)
    body = (
        f"<p>{html.escape(revision)}: {commit_line(repo, sha)}</p><p>Revisions: {revisions}</p>{file_list(repo, sha)}"
    )
    body += f"<h2>README.md</h2><pre>{html.escape(readme)}</pre>" if readme else ""
    return html_page(repo.id, body)


@page("")
def repo_page(repo: Readable) -> HTMLResponse:
    return tree_page(repo, "main")


@page("/tree/{revision:segment}")
def revision_page(repo: Readable, revision: str) -> HTMLResponse:
    return tree_page(repo, revision)


@page("/blob/{revision:segment}/{path:rest}")
def blob_page(repo: Readable, revision: str, path: str) -> RedirectResponse:
    return RedirectResponse(quote(f"{repo.url_path}/resolve/{repo.resolve(revision)}/{path}"))


@page("/commit/{revision:segment}")
def commit_page(repo: Readable, revision: str) -> HTMLResponse:
    sha = repo.resolve(revision)
    commit = repo.commit(sha)
    before = repo.commit(commit["parent"])["tree"] if commit["parent"] else {}
    changes = []
    for path in sorted(before | commit["tree"]):
        old, new = before.get(path), commit["tree"].get(path)
        if old != new:
            what = "added" if old is None else "deleted" if new is None else "changed"
            changes.append(f"<li>{what}: {html.escape(path)}</li>")
    body = f"<p>{commit_line(repo, sha)}</p><p>Commit {sha} of {link(repo.url_path, repo.id)}</p>"
    body += f"<pre>{html.escape(commit['message'])}</pre><h2>Changes</h2><ul>{''.join(changes)}</ul>"
    return html_page(commit["title"] or sha, body + file_list(repo, sha))


@pages.get("/")
def home_page(hub: TheHub) -> HTMLResponse:
    repos = sorted(
        (kind, repo.id, repo.url_path) for kind in KINDS for repo in hub.repos(kind) if not repo.meta["private"]
    )
    rows = "".join(f"<li>{kind[:-1]} {link(path, repo_id)}</li>" for kind, repo_id, path in repos)
    return html_page("Repositories", f"<ul>{rows}</ul>" if rows else "<p>There are no public repositories yet.</p>")
