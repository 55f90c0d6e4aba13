"""Publishing and fetching model bundles, against the local Hub and a Hub that fails."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from helpers.failing_hub import failing_hub
from helpers.local_hub import running_local_hub
from helpers.stand_ins import write_stand_in
from huggingface_hub import HfApi

from polyid.errors import BundleError, DataError, HubError
from polyid.hub import client, publish
from polyid.hub.datasets import fetch_hub_dataset
from polyid.hub.destination import read_account
from polyid.hub.fetch import fetch_bundle, latest_commit
from polyid.hub.publish import Publication, publish_bundle

pytestmark = pytest.mark.hub
READER, STRANGER = "hf_token_that_may_only_read", "hf_token_of_somebody_else"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub") / "root"
    with running_local_hub(root, "--account", f"ada:{READER}:read", "--account", f"eve:{STRANGER}") as server:
        yield server


@pytest.fixture
def api(server, monkeypatch) -> HfApi:
    """The owner's client; `polyid.hub.client` finds the server and the token as it would in a Space."""
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    monkeypatch.setenv("HF_TOKEN", server.token)
    monkeypatch.setattr(client.time, "sleep", lambda seconds: None)
    return HfApi(endpoint=server.endpoint, token=server.token)


@pytest.fixture
def repo_id() -> str:
    return f"ada/model-{uuid.uuid4().hex[:8]}"


def write_bundle(folder: Path, folds: int = 2, mark: str = "one") -> Path:
    files = {"metrics.json": b"{}", "splits.json": b"[]", "README.md": f"---\nlicense: mit\n---\n# {mark}\n".encode()}
    return write_stand_in(folder, files, folds=folds, mark=mark)


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


# Publishing


def test_a_published_bundle_comes_back_as_it_was(api, server, repo_id, tmp_path):
    folder = write_bundle(tmp_path / "bundle")
    publication = publish_bundle(folder, repo_id, tag="v1.0")
    assert publication.commit_url == f"{server.endpoint}/{repo_id}/commit/{publication.commit}"
    assert (publication.repo_id, publication.tag, publication.branch) == (repo_id, "v1.0", None)
    for revision in ("", "@main", "@v1.0", f"@{publication.commit}", f"@{publication.commit[:8]}"):
        fetched = fetch_bundle(repo_id + revision, cache_dir=tmp_path / "cache")
        assert (fetched.repo_id, fetched.commit, fetched.tag) == (repo_id, publication.commit, "v1.0")
        assert contents(fetched.folder) == contents(folder)
    titles = [commit.title for commit in api.list_repo_commits(repo_id)]
    assert titles == ["Publish a PolyID model of 2 folds, v1.0", "initial commit"]  # one commit, all of it


def test_files_of_an_earlier_bundle_do_not_linger(api, repo_id, tmp_path):
    publish_bundle(write_bundle(tmp_path / "five", folds=5), repo_id)
    api.upload_file(path_or_fileobj=b"note", path_in_repo="NOTES.md", repo_id=repo_id)
    publish_bundle(write_bundle(tmp_path / "two", folds=2, mark="two"), repo_id)
    files = api.list_repo_files(repo_id)
    assert {path.split("/")[0] for path in files if "/" in path} == {"model_fold_0", "model_fold_1"}
    assert "NOTES.md" in files  # what somebody else wrote stays
    fetched = fetch_bundle(repo_id, cache_dir=tmp_path / "cache")
    assert contents(fetched.folder) == contents(tmp_path / "two")


def test_publishing_the_same_bundle_again_makes_no_commit(api, repo_id, tmp_path):
    folder = write_bundle(tmp_path / "bundle")
    first = publish_bundle(folder, repo_id, tag="v1")
    assert publish_bundle(folder, repo_id) == Publication(repo_id, first.commit, first.commit_url, None, None)
    assert publish_bundle(folder, repo_id, tag="v1").commit == first.commit
    assert publish_bundle(folder, repo_id, tag="v1-again").commit == first.commit
    assert len(api.list_repo_commits(repo_id)) == 2


def test_a_tag_on_another_commit_is_refused_before_anything_is_sent(api, repo_id, tmp_path):
    first = publish_bundle(write_bundle(tmp_path / "one"), repo_id, tag="v1")
    with pytest.raises(HubError, match=f"has the tag v1 on another model .commit {first.commit[:7]}.: choose another"):
        publish_bundle(write_bundle(tmp_path / "two", mark="two"), repo_id, tag="v1")
    assert latest_commit(repo_id) == first.commit


def test_a_branch_is_made_and_main_stays_as_it_is(api, repo_id, tmp_path):
    first = publish_bundle(write_bundle(tmp_path / "one"), repo_id)
    trial = publish_bundle(write_bundle(tmp_path / "two", mark="two"), repo_id, branch="trial/a")
    assert latest_commit(repo_id) == latest_commit(repo_id, "main") == first.commit
    assert latest_commit(repo_id, "trial/a") == trial.commit
    fetched = fetch_bundle(f"{repo_id}@trial/a", cache_dir=tmp_path / "cache")
    assert contents(fetched.folder) == contents(tmp_path / "two") and fetched.tag is None


@pytest.mark.parametrize("private", [True, False])
def test_visibility_is_set_once_and_never_widened(api, repo_id, tmp_path, private):
    folder = write_bundle(tmp_path / "bundle")
    publish_bundle(folder, repo_id, private=private)
    assert api.model_info(repo_id).private is private
    publish_bundle(write_bundle(folder, mark="two"), repo_id)
    with pytest.raises(HubError, match="already, and publishing does not change that"):
        publish_bundle(write_bundle(folder, mark="three"), repo_id, private=not private)
    assert api.model_info(repo_id).private is private
    assert "# two" in fetch_bundle(repo_id, cache_dir=tmp_path / "cache").folder.joinpath("README.md").read_text()


def test_a_repo_with_something_else_is_left_alone(api, repo_id, tmp_path):
    folder = write_bundle(tmp_path / "bundle")
    api.create_repo(repo_id)
    api.upload_file(path_or_fileobj=b"weights", path_in_repo="pytorch_model.bin", repo_id=repo_id)
    head = latest_commit(repo_id)
    with pytest.raises(HubError, match=r"holds something else than a PolyID model .pytorch_model\.bin.*another repo"):
        publish_bundle(folder, repo_id)
    api.upload_file(path_or_fileobj=b'{"format": "other"}', path_in_repo="parameters.json", repo_id=repo_id)
    with pytest.raises(HubError, match="something else"):
        publish_bundle(folder, repo_id)
    assert len(api.list_repo_commits(repo_id)) == 3 and api.list_repo_commits(repo_id)[1].commit_id == head


def test_a_repo_with_a_readme_only_is_taken(api, repo_id, tmp_path):
    api.create_repo(repo_id)
    api.upload_file(path_or_fileobj=b"---\nlicense: mit\n---\n", path_in_repo="README.md", repo_id=repo_id)
    publish_bundle(write_bundle(tmp_path / "bundle"), repo_id)
    assert fetch_bundle(repo_id, cache_dir=tmp_path / "cache").repo_id == repo_id


def break_parameters(folder: Path) -> None:
    (folder / "parameters.json").write_text('{"format": "something else"}')


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "parameters.json").unlink(), r"holds no trained model, parameters\.json is missing"),
        (
            lambda folder: (folder / "parameters.json").write_text("{"),
            r"parameters\.json can't be used: it is not JSON",
        ),
        (break_parameters, "is not a PolyID model"),
        (lambda folder: (folder / "model_fold_0/scaler.json").unlink(), "model_fold_0/scaler.json is missing"),
        (lambda folder: shutil.rmtree(folder / "model_fold_1"), r"model_fold_1/model\.safetensors is missing"),
        (lambda folder: (folder / "table.csv").write_text("a"), "table.csv, which is no part of a model"),
        (lambda folder: (folder / "model_fold_0/x.pkl").write_text("a"), "model_fold_0/x.pkl, which is no part"),
    ],
)
def test_a_folder_that_is_no_bundle_is_not_published(api, repo_id, tmp_path, damage: Callable, sentence):
    folder = write_bundle(tmp_path / "bundle")
    damage(folder)
    with pytest.raises((BundleError, HubError), match=sentence):
        publish_bundle(folder, repo_id)
    assert not api.repo_exists(repo_id)


def test_hidden_files_are_not_published(api, repo_id, tmp_path):
    folder = write_bundle(tmp_path / "bundle")
    (folder / ".env").write_text("KEY=secret")
    publish_bundle(folder, repo_id)
    assert ".env" not in api.list_repo_files(repo_id)


@pytest.mark.parametrize("name", ["models", "a/b/c", "ada/not a name", "", "ada/x--y"])
def test_a_repo_name_says_how_it_is_written(api, tmp_path, name):
    with pytest.raises(HubError, match="write it as user/name"):
        publish_bundle(write_bundle(tmp_path / "bundle"), name)


@pytest.mark.parametrize("tag", ["not a tag", "-x", "a..b", "a.lock", "", "ä"])
def test_a_bad_tag_or_branch_is_refused_before_anything_is_sent(api, repo_id, tmp_path, tag):
    for where in ({"tag": tag}, {"branch": tag}):
        with pytest.raises(HubError, match="can't be the name of a"):
            publish_bundle(write_bundle(tmp_path / "bundle"), repo_id, **where)
    assert not api.repo_exists(repo_id)


# Fetching


def test_a_folder_is_fetched_as_it_is(tmp_path):
    folder = write_bundle(tmp_path / "bundle")
    (folder / "predictions.csv").write_text("a user may keep other files there")
    fetched = fetch_bundle(str(folder))
    assert (fetched.folder, fetched.repo_id, fetched.commit, fetched.tag) == (folder, None, None, None)
    with pytest.raises(BundleError, match="holds no trained model"):
        fetch_bundle(str(tmp_path))


def test_only_files_of_a_bundle_are_downloaded(api, repo_id, tmp_path):
    publish_bundle(write_bundle(tmp_path / "bundle"), repo_id)
    for path in ("huge.bin", "model_fold_0/extra.bin", "sub/parameters.json"):
        api.upload_file(path_or_fileobj=b"x", path_in_repo=path, repo_id=repo_id)
    assert contents(fetch_bundle(repo_id, cache_dir=tmp_path / "cache").folder) == contents(tmp_path / "bundle")


def test_a_repo_that_is_no_bundle_is_refused(api, repo_id, tmp_path):
    api.create_repo(repo_id)
    with pytest.raises(BundleError, match=f"'{repo_id}' holds no trained model"):
        fetch_bundle(repo_id, cache_dir=tmp_path)


@pytest.mark.parametrize("model", ["./absent", "/tmp/absent/folder", "absent", "a b", "", "@main"])
def test_what_is_neither_folder_nor_repo_is_said(api, model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HubError, match="neither a folder here nor the name of a model repo"):
        fetch_bundle(model)


def test_unknown_repos_and_revisions_are_said(api, server, repo_id, tmp_path):
    with pytest.raises(HubError, match=f"ada/absent was not found on {server.endpoint}.*check the name"):
        fetch_bundle("ada/absent", cache_dir=tmp_path)
    with pytest.raises(HubError, match="ada/absent was not found"):
        latest_commit("ada/absent")
    publish_bundle(write_bundle(tmp_path / "bundle"), repo_id)
    with pytest.raises(HubError, match=f"{repo_id} has no branch, tag or commit 'v9'"):
        fetch_bundle(f"{repo_id}@v9", cache_dir=tmp_path)
    with pytest.raises(HubError, match="has no branch, tag or commit 'v9'"):
        latest_commit(repo_id, "v9")


def test_the_progress_bar_given_is_used(api, repo_id, tmp_path):
    from tqdm.auto import tqdm

    seen = []

    class Bar(tqdm):
        def update(self, n=1):
            seen.append(n)
            return super().update(n)

    publish_bundle(write_bundle(tmp_path / "bundle"), repo_id)
    fetch_bundle(repo_id, cache_dir=tmp_path / "cache", tqdm_class=Bar)
    assert sum(seen) > 0


def test_a_downloaded_model_is_used_while_the_hub_is_away(api, repo_id, tmp_path, monkeypatch):
    publication = publish_bundle(write_bundle(tmp_path / "bundle"), repo_id)
    online = fetch_bundle(repo_id, cache_dir=tmp_path / "cache")
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{unused_port()}")
    offline = fetch_bundle(repo_id, cache_dir=tmp_path / "cache")
    assert (offline.folder, offline.commit) == (online.folder, publication.commit)
    assert offline.is_old and not online.is_old
    (online.folder / "model_fold_1" / "scaler.json").unlink()
    with pytest.raises(HubError, match="can't be reached"):  # half a snapshot is none
        fetch_bundle(repo_id, cache_dir=tmp_path / "cache")


# Tokens


def test_private_models_need_their_owners_token(api, server, repo_id, tmp_path, monkeypatch):
    publish_bundle(write_bundle(tmp_path / "bundle"), repo_id, private=True)
    assert fetch_bundle(repo_id, cache_dir=tmp_path / "a", token=READER).repo_id == repo_id
    with pytest.raises(HubError, match="your token may not see it: check the name and whose token it is"):
        fetch_bundle(repo_id, cache_dir=tmp_path / "b", token=STRANGER)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match=r"it is private and no token was given: .*set HF_TOKEN"):
        fetch_bundle(repo_id, cache_dir=tmp_path / "c")


def test_publishing_without_the_right_token_says_which_is_needed(api, server, repo_id, tmp_path, monkeypatch):
    folder = write_bundle(tmp_path / "bundle")
    for token, sentence in (
        ("hf_wrong_token_0123456789", "does not know the token"),
        (READER, "use a token with the write role"),
        (STRANGER, "use a token with the write role"),
    ):
        with pytest.raises(HubError, match=sentence) as error:
            publish_bundle(folder, repo_id, token=token)
        assert token not in str(error.value)
    publish_bundle(folder, repo_id)
    with pytest.raises(HubError, match="use a token with the write role of the repo's owner"):
        publish_bundle(write_bundle(folder, mark="two"), repo_id, token=STRANGER)
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match="There is no Hub token: set HF_TOKEN"):
        publish_bundle(folder, repo_id)


# A Hub that fails


def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def failing_proxy(endpoint: str, fails: Callable[[str, str, int], str | None]):
    """`failing_hub` whose ``fails(method, path, how often asked)`` counts, and the counts."""
    asked: dict[tuple[str, str], int] = {}

    def counted(method: str, path: str) -> str | None:
        key = (method, path.split("?")[0])
        asked[key] = asked.get(key, 0) + 1
        return fails(*key, asked[key])

    with failing_hub(endpoint, counted) as address:
        yield address, asked


def test_passing_failures_are_tried_again(api, server, repo_id, tmp_path, monkeypatch):
    def first_time_only(method: str, path: str, times: int) -> str | None:
        return "503" if times == 1 and path.startswith(f"/api/models/{repo_id}") else None

    with failing_proxy(server.endpoint, first_time_only) as (endpoint, _):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        publication = publish_bundle(write_bundle(tmp_path / "bundle"), repo_id)
        fetched = fetch_bundle(repo_id, cache_dir=tmp_path / "cache")
    assert fetched.commit == publication.commit == api.model_info(repo_id).sha
    assert len(api.list_repo_commits(repo_id)) == 2


def test_accounts_and_datasets_are_asked_for_again_too(api, server, repo_id, monkeypatch):
    """The trainer's page and datasets had a manner of their own: one failure was the end."""
    api.create_repo(repo_id, repo_type="dataset")
    api.upload_file(path_or_fileobj=b"a,b", path_in_repo="table.csv", repo_id=repo_id, repo_type="dataset")
    with failing_proxy(server.endpoint, lambda method, path, times: "503" if times == 1 else None) as (endpoint, _):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        assert read_account(server.token).name == "ada"
        assert fetch_hub_dataset(repo_id).read_bytes() == b"a,b"


def test_a_commit_whose_answer_was_lost_is_not_made_twice(api, server, repo_id, tmp_path, monkeypatch):
    def lose_the_commit(method: str, path: str, times: int) -> str | None:
        return "lost" if "/commit/" in path and times == 1 else None

    with failing_proxy(server.endpoint, lose_the_commit) as (endpoint, asked):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        publication = publish_bundle(write_bundle(tmp_path / "bundle"), repo_id, tag="v1")
    assert asked["POST", f"/api/models/{repo_id}/commit/main"] == 1
    assert publication.commit == api.model_info(repo_id).sha
    assert len(api.list_repo_commits(repo_id)) == 2
    assert api.list_repo_refs(repo_id).tags[0].target_commit == publication.commit


def test_a_hub_that_stays_broken_is_said_after_some_tries(api, server, repo_id, tmp_path, monkeypatch):
    folder = write_bundle(tmp_path / "bundle")
    with failing_proxy(server.endpoint, lambda *request: "503") as (endpoint, asked):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        for call in (lambda: publish_bundle(folder, repo_id), lambda: latest_commit(repo_id)):
            with pytest.raises(HubError, match=r"has a problem of its own .HTTP 503.: try again in some minutes"):
                call()
        assert asked["GET", f"/api/models/{repo_id}"] == 2 * client.TRIES
        with pytest.raises(HubError, match="can't be reached"):
            fetch_bundle(repo_id, cache_dir=tmp_path / "cache")


def test_a_missing_tag_after_a_commit_is_said(api, server, repo_id, tmp_path, monkeypatch):
    with failing_proxy(server.endpoint, lambda method, path, times: "503" if "/tag/" in path else None) as (
        endpoint,
        _,
    ):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        with pytest.raises(HubError, match=r"is published as commit \w{7}, but without its tag v1"):
            publish_bundle(write_bundle(tmp_path / "bundle"), repo_id, tag="v1")
    assert "model_fold_0/model.safetensors" in api.list_repo_files(repo_id)


def test_a_hub_out_of_reach_is_said(api, repo_id, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{unused_port()}")
    folder = write_bundle(tmp_path / "bundle")
    for call in (
        lambda: publish_bundle(folder, repo_id),
        lambda: fetch_bundle(repo_id, cache_dir=tmp_path / "cache"),
        lambda: latest_commit(repo_id),
    ):
        with pytest.raises(HubError, match=r"can't be reached.*check the network and the address in HF_ENDPOINT"):
            call()


def test_a_hub_that_never_answers_is_given_up_in_time(api, repo_id, monkeypatch):
    monkeypatch.setattr(client, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(client, "QUIET_SECONDS", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(HubError, match="can't be reached"):
            latest_commit(repo_id)
        with pytest.raises(HubError, match="can't be reached"):
            read_account("hf_any")
        with pytest.raises(HubError, match="can't be reached"):
            fetch_hub_dataset(repo_id)


def flip_a_bit(path: Path) -> None:
    """As bad memory or a bad disk does; the client keeps its files read-only."""
    content = path.read_bytes()
    path.resolve().chmod(0o600)
    path.resolve().write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize("name", ["model_fold_1/model.safetensors", "parameters.json", "splits.json"])
def test_a_damaged_file_of_the_cache_is_downloaded_again(api, repo_id, tmp_path, name):
    """It stayed for ever: the client looks at sizes alone."""
    publish_bundle(write_bundle(tmp_path / "bundle"), repo_id)
    fetched = fetch_bundle(repo_id, cache_dir=tmp_path / "cache")
    flip_a_bit(fetched.folder / name)
    assert contents(fetched.folder) != contents(tmp_path / "bundle")
    assert contents(fetch_bundle(repo_id, cache_dir=tmp_path / "cache").folder) == contents(tmp_path / "bundle")


def test_a_damaged_file_of_the_cache_is_no_model_while_the_hub_is_away(api, repo_id, tmp_path, monkeypatch):
    publish_bundle(write_bundle(tmp_path / "bundle"), repo_id)
    flip_a_bit(fetch_bundle(repo_id, cache_dir=tmp_path / "cache").folder / "model_fold_0/scaler.json")
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{unused_port()}")
    with pytest.raises(HubError, match=r"can't be reached, and .* was not downloaded before, or not whole"):
        fetch_bundle(repo_id, cache_dir=tmp_path / "cache")


@pytest.mark.parametrize("times_damaged", [1, 9])
def test_a_bit_flipped_in_transit_heals_itself(api, server, repo_id, tmp_path, monkeypatch, times_damaged):
    publish_bundle(write_bundle(tmp_path / "bundle"), repo_id)

    def flip(method: str, path: str, times: int) -> str | None:
        return "flipped" if method == "GET" and path.endswith("scaler.json") and times <= times_damaged else None

    with failing_proxy(server.endpoint, flip) as (endpoint, asked):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        if times_damaged == 1:
            fetched = fetch_bundle(repo_id, cache_dir=tmp_path / "cache")
            assert contents(fetched.folder) == contents(tmp_path / "bundle")
        else:
            with pytest.raises(HubError, match=r"scaler.json arrived damaged twice: try again"):
                fetch_bundle(repo_id, cache_dir=tmp_path / "cache")
    assert max(times for (method, path), times in asked.items() if path.endswith("scaler.json")) >= 2


def test_a_damaged_table_is_downloaded_again(api, repo_id):
    api.create_repo(repo_id, repo_type="dataset")
    api.upload_file(path_or_fileobj=b"a,b", path_in_repo="table.csv", repo_id=repo_id, repo_type="dataset")
    flip_a_bit(fetch_hub_dataset(repo_id))
    assert fetch_hub_dataset(repo_id).read_bytes() == b"a,b"


def test_a_model_that_is_not_as_it_was_saved_is_not_published(api, repo_id, tmp_path):
    folder = write_bundle(tmp_path / "bundle")
    flip_a_bit(folder / "model_fold_0/scaler.json")
    with pytest.raises(BundleError, match=r"model_fold_0/scaler.json can't be used: it is not the file that was saved"):
        publish_bundle(folder, repo_id)
    assert not api.repo_exists(repo_id)


@pytest.mark.parametrize("name", ["parameters.json", "model_fold_0/scaler.json", "README.md", "model_fold_1"])
def test_links_are_not_followed_on_publishing(api, repo_id, tmp_path, name):
    """A linked private file was uploaded."""
    folder = write_bundle(tmp_path / "bundle")
    (folder / name).rename(tmp_path / "private")
    (folder / name).symlink_to(tmp_path / "private")
    with pytest.raises(BundleError, match="it is a link to another place, which is not followed"):
        publish_bundle(folder, repo_id)
    assert not api.repo_exists(repo_id)


def test_a_fetched_model_is_published_again_though_it_is_made_of_links(api, repo_id, tmp_path):
    publish_bundle(write_bundle(tmp_path / "bundle"), repo_id)
    fetched = fetch_bundle(repo_id, cache_dir=tmp_path / "cache").folder
    assert (fetched / "parameters.json").is_symlink()
    publish_bundle(fetched, f"{repo_id}-again")
    again = fetch_bundle(f"{repo_id}-again", cache_dir=tmp_path / "other").folder
    assert contents(again) == contents(tmp_path / "bundle")


def test_a_fault_of_our_own_is_seen_in_the_log_without_what_was_sent(api, server, repo_id, caplog):
    with pytest.raises(HubError, match=r"no Hub answers .KeyError"), client.explained_errors(api, repo_id):
        raise KeyError(server.token)
    assert "KeyError in an exchange with the Hub" in caplog.text and "test_hub.py" in caplog.text
    assert server.token not in caplog.text


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"null", b"<html>", b'{"sha": 3, "siblings": 5, "name": []}'])
def test_what_is_no_hub_is_said(api, repo_id, tmp_path, monkeypatch, answer):
    class Stranger(BaseHTTPRequestHandler):
        def log_message(self, *args) -> None:
            pass

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_HEAD = do_POST = do_PUT = answer

    stranger = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=stranger.serve_forever).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{stranger.server_address[1]}")
    folder = write_bundle(tmp_path / "bundle")
    try:
        for call in (
            lambda: latest_commit(repo_id),
            lambda: fetch_bundle(repo_id, cache_dir=tmp_path / "cache"),
            lambda: publish_bundle(folder, repo_id),
            lambda: read_account("hf_any"),
            lambda: fetch_hub_dataset(repo_id),
        ):
            with pytest.raises((HubError, DataError)) as error:
                call()
            assert "\n" not in str(error.value) and str(error.value).endswith(".")
    finally:
        stranger.shutdown()
        stranger.server_close()


@pytest.mark.parametrize(("status", "sentence"), [("401", "does not know the token"), ("403", "may not do this")])
@pytest.mark.parametrize("step", ["/preupload/", "/commit/"])
def test_a_token_refused_midway_leaves_the_repo_as_it_was(
    api, server, repo_id, tmp_path, monkeypatch, status, sentence, step
):
    first = publish_bundle(write_bundle(tmp_path / "one"), repo_id)
    write_bundle(tmp_path / "two", mark="two")
    with failing_proxy(server.endpoint, lambda method, path, times: status if step in path else None) as (endpoint, _):
        monkeypatch.setenv("HF_ENDPOINT", endpoint)
        with pytest.raises(HubError, match=sentence) as error:
            publish_bundle(tmp_path / "two", repo_id)
    assert server.token not in str(error.value)
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    assert latest_commit(repo_id) == first.commit
    assert publish_bundle(tmp_path / "two", repo_id).commit != first.commit


def test_a_hub_killed_while_it_commits_keeps_a_whole_model(api, repo_id, tmp_path, monkeypatch):
    one, two = write_bundle(tmp_path / "one"), write_bundle(tmp_path / "two", mark="two")
    with running_local_hub(tmp_path / "root") as hub:

        def kill(method: str, path: str, times: int) -> str | None:
            if "/commit/" in path and times == 1:
                threading.Timer(0.005, hub.process.kill).start()
            return None

        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        publish_bundle(one, repo_id, token=hub.token)
        with failing_proxy(hub.endpoint, kill) as (endpoint, asked):
            monkeypatch.setenv("HF_ENDPOINT", endpoint)
            possible = [contents(one), contents(two)]
            try:
                publish_bundle(two, repo_id, token=hub.token)
                # On a fast machine the Hub has answered before it is killed.
                possible = [contents(two)]
            except HubError as error:
                assert "can't be reached" in str(error)
            assert any("/commit/" in path for _, path in asked)
    with running_local_hub(tmp_path / "root") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        fetched = fetch_bundle(repo_id, cache_dir=tmp_path / "cache", token=hub.token)
        assert contents(fetched.folder) in possible
        publish_bundle(two, repo_id, token=hub.token)
        fetched = fetch_bundle(repo_id, cache_dir=tmp_path / "cache", token=hub.token)
        assert contents(fetched.folder) == contents(two)


def test_of_two_that_publish_at_once_the_second_is_told(api, repo_id, tmp_path, monkeypatch):
    publish_bundle(write_bundle(tmp_path / "one"), repo_id)
    real = HfApi.create_commit

    def overtaken(self, *args, **kwargs):
        api.upload_file(path_or_fileobj=os.urandom(8), path_in_repo="between.txt", repo_id=repo_id)
        return real(self, *args, **kwargs)

    write_bundle(tmp_path / "two", mark="two")
    monkeypatch.setattr(publish.HfApi, "create_commit", overtaken)
    monkeypatch.setattr(api, "create_commit", lambda *args, **kwargs: real(api, *args, **kwargs))
    with pytest.raises(HubError, match="Somebody else published"):
        publish_bundle(tmp_path / "two", repo_id)
    assert re.search(
        "# one", fetch_bundle(repo_id, cache_dir=tmp_path / "cache").folder.joinpath("README.md").read_text()
    )


def test_the_module_loads_without_the_heavy_libraries():
    code = "import sys, polyid.hub.client; print([name for name in ('tensorflow', 'keras', 'rdkit') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
