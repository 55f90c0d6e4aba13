"""The local Hub, driven over HTTP by the installed, unmodified Hub client."""

import base64
import hashlib
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from helpers.local_hub import LOCAL_HUB, LocalHub, running_local_hub
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationCopy,
    CommitOperationDelete,
    HfApi,
    SpaceHardware,
    constants,
    get_hf_file_metadata,
    hf_hub_url,
)
from huggingface_hub.errors import (
    BadRequestError,
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get

pytestmark = pytest.mark.hub
READER, STRANGER = "hf_token_that_may_only_read", "hf_token_of_somebody_else"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    root = tmp_path_factory.mktemp("accounts") / "root"
    with running_local_hub(root, "--account", f"ada:{READER}:read", "--account", f"eve:{STRANGER}") as hub:
        yield hub


@pytest.fixture(scope="module")
def api(hub: LocalHub) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=hub.token)


@pytest.fixture(scope="module")
def stranger(hub: LocalHub) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=STRANGER)


@pytest.fixture(scope="module")
def visitor(hub: LocalHub) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=False)


@pytest.fixture
def repo(api: HfApi) -> str:
    return api.create_repo(f"ada/repo-{uuid.uuid4().hex[:8]}").repo_id


def add(path: str, content: bytes | str | Path) -> CommitOperationAdd:
    return CommitOperationAdd(path, content.encode() if isinstance(content, str) else content)


def commit(api: HfApi, repo: str, **files: str) -> str:
    operations = [add(name.replace("__", "."), content) for name, content in files.items()]
    return api.create_commit(repo, operations, commit_message=f"Write {', '.join(files)}").oid


def post_commit(hub: LocalHub, repo: str, files: dict[str, str]) -> None:
    """Commit without the client, which would refuse a bad path itself and try again after a broken connection."""
    lines = [{"key": "header", "value": {"summary": "posted", "description": ""}}]
    for path, content in files.items():
        encoded = base64.b64encode(content.encode()).decode()
        lines.append({"key": "file", "value": {"content": encoded, "path": path, "encoding": "base64"}})
    headers = {"Authorization": f"Bearer {hub.token}", "Content-Type": "application/x-ndjson"}
    body = "\n".join(map(json.dumps, lines)).encode()
    url = f"{hub.endpoint}/api/models/{repo}/commit/main"
    urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10).close()


def status_of(error: pytest.ExceptionInfo) -> int:
    return error.value.response.status_code


def get(url: str, **headers: str) -> tuple[int, dict, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


# Accounts and repositories


def test_whoami_names_the_user_and_the_role(api, hub):
    assert api.whoami()["name"] == "ada"
    assert api.whoami()["auth"]["accessToken"]["role"] == "write"
    assert api.whoami(token=READER)["auth"]["accessToken"]["role"] == "read"
    assert api.whoami(token=STRANGER)["name"] == "eve"


def test_a_missing_or_wrong_token_raises_what_the_hub_raises(api, hub, repo):
    with pytest.raises(LocalTokenNotFoundError):
        HfApi(endpoint=hub.endpoint).whoami()
    with pytest.raises(HfHubHTTPError, match="Invalid user token") as error:
        api.whoami(token="hf_wrong")
    assert status_of(error) == 401
    with pytest.raises(HfHubHTTPError, match="Invalid credentials") as error:
        api.create_repo("ada/wrong-token", token="hf_wrong")
    assert status_of(error) == 401
    with pytest.raises(HfHubHTTPError) as error:
        api.create_repo("ada/no-token", token=False)
    assert status_of(error) == 401
    with pytest.raises(RepositoryNotFoundError):
        api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo, token=False)


@pytest.mark.parametrize("repo_type", ["model", "dataset", "space"])
def test_a_repository_of_each_kind_is_created_found_and_deleted(api, repo_type):
    extra = {"space_sdk": "gradio"} if repo_type == "space" else {}
    url = api.create_repo("of-a-kind", repo_type=repo_type, **extra)
    assert (url.repo_id, url.repo_type) == ("ada/of-a-kind", repo_type)
    with pytest.raises(HfHubHTTPError) as error:
        api.create_repo("ada/of-a-kind", repo_type=repo_type, **extra)
    assert status_of(error) == 409
    assert api.create_repo("ada/of-a-kind", repo_type=repo_type, exist_ok=True, **extra) == url
    assert api.repo_exists("ada/of-a-kind", repo_type=repo_type)
    api.upload_file(path_or_fileobj=b"1", path_in_repo="one.txt", repo_id="ada/of-a-kind", repo_type=repo_type)
    info = api.repo_info("ada/of-a-kind", repo_type=repo_type)
    assert "one.txt" in [sibling.rfilename for sibling in info.siblings]
    api.delete_repo("ada/of-a-kind", repo_type=repo_type)
    assert not api.repo_exists("ada/of-a-kind", repo_type=repo_type)
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo("ada/of-a-kind", repo_type=repo_type)
    api.delete_repo("ada/of-a-kind", repo_type=repo_type, missing_ok=True)


def test_names_differ_by_more_than_case(api):
    api.create_repo("ada/CaSe")
    assert api.model_info("ADA/case").id == "ada/CaSe"


def test_a_repository_may_be_named_like_a_kind(api):
    api.create_repo("ada/datasets")
    assert api.file_exists("ada/datasets", ".gitattributes")
    assert not api.repo_exists("ada/datasets", repo_type="dataset")


def test_a_moved_repository_is_found_under_both_names(api, tmp_path):
    api.create_repo("ada/before")
    commit(api, "ada/before", a__txt="a")
    api.move_repo("ada/before", "ada/after")
    assert api.model_info("ada/before").id == "ada/after"
    assert Path(api.hf_hub_download("ada/before", "a.txt", cache_dir=tmp_path)).read_text() == "a"


def test_a_private_repository_does_not_exist_for_others(api, stranger, visitor, tmp_path):
    api.create_repo("ada/secret", private=True)
    commit(api, "ada/secret", secret__txt="secret")
    for other in (stranger, visitor):
        assert not other.repo_exists("ada/secret")
        assert not other.file_exists("ada/secret", "secret.txt")
        for call in (other.model_info, other.list_repo_files, other.list_repo_refs, other.list_repo_commits):
            with pytest.raises(RepositoryNotFoundError):
                call("ada/secret")
        with pytest.raises(RepositoryNotFoundError):
            other.hf_hub_download("ada/secret", "secret.txt", cache_dir=tmp_path / "other")
        with pytest.raises(RepositoryNotFoundError):
            other.snapshot_download("ada/secret", cache_dir=tmp_path / "other")
        with pytest.raises(RepositoryNotFoundError):
            commit(other, "ada/secret", mine__txt="mine")
        assert "ada/secret" not in [model.id for model in other.list_models()]
    assert Path(api.hf_hub_download("ada/secret", "secret.txt", cache_dir=tmp_path)).read_text() == "secret"
    assert "ada/secret" in [model.id for model in api.list_models(author="ada")]
    api.update_repo_settings("ada/secret", private=False)
    assert visitor.file_exists("ada/secret", "secret.txt")


def test_only_the_owner_writes(api, stranger, repo):
    calls = {
        "commit": lambda api: commit(api, repo, a__txt="a"),
        "tag": lambda api: api.create_tag(repo, tag="v1"),
        "branch": lambda api: api.create_branch(repo, branch="b"),
        "settings": lambda api: api.update_repo_settings(repo, private=True),
        "delete": lambda api: api.delete_repo(repo),
        "create": lambda api: api.create_repo("ada/not-mine"),
    }
    reader = HfApi(endpoint=api.endpoint, token=READER)
    for name, call in calls.items():
        for other in (stranger, reader):
            with pytest.raises(HfHubHTTPError) as error:
                call(other)
            assert status_of(error) == 403, name
    assert api.list_repo_files(repo) == [".gitattributes"]
    assert reader.model_info(repo).id == stranger.model_info(repo).id == repo


def test_a_gated_repository_shows_its_files_to_the_owner_only(api, stranger, repo, tmp_path):
    api.update_repo_settings(repo, gated="auto")
    with pytest.raises(GatedRepoError):
        stranger.hf_hub_download(repo, ".gitattributes", cache_dir=tmp_path)
    assert api.hf_hub_download(repo, ".gitattributes", cache_dir=tmp_path)


def test_models_are_listed_by_author_word_and_number(api, stranger):
    api.create_repo("ada/listed-glass")
    stranger.create_repo("eve/listed-melt")
    assert [model.id for model in api.list_models(author="eve")] == ["eve/listed-melt"]
    assert [model.id for model in api.list_models(search="listed-GLASS")] == ["ada/listed-glass"]
    assert [model.id for model in api.list_models(search="listed", limit=1)] == ["eve/listed-melt"]  # newest first


# Commits


def test_a_commit_adds_changes_copies_and_deletes(api, repo, tmp_path):
    first = commit(api, repo, a__txt="a", b__txt="b", c__txt="c")
    api.upload_file(path_or_fileobj=b"1", path_in_repo="folder/sub/one.txt", repo_id=repo)
    api.upload_file(path_or_fileobj=b"2", path_in_repo="folder/two.txt", repo_id=repo)
    operations = [
        add("a.txt", "changed"),
        CommitOperationCopy("b.txt", "copy of b.txt"),
        CommitOperationDelete("c.txt"),
        CommitOperationDelete("folder/"),
    ]
    info = api.create_commit(repo, operations, commit_message="All kinds", commit_description="of operations")
    assert api.list_repo_files(repo) == [".gitattributes", "a.txt", "b.txt", "copy of b.txt"]
    folder = Path(api.snapshot_download(repo, cache_dir=tmp_path))
    assert (folder / "a.txt").read_text() == "changed"
    assert (folder / "copy of b.txt").read_text() == "b"
    assert "c.txt" in api.list_repo_files(repo, revision=first)
    newest, *_, oldest = api.list_repo_commits(repo, formatted=True)
    assert (newest.commit_id, newest.title, newest.message) == (info.oid, "All kinds", "of operations")
    assert newest.authors == ["ada"] and newest.formatted_title == "All kinds"
    assert oldest.title == "initial commit"


def test_git_ids_are_those_of_git(api, repo):
    api.create_commit(repo, [add("a.txt", "hello\n"), add("a.bin", "hello\n")], commit_message="both ways")
    text, binary = api.get_paths_info(repo, ["a.txt", "a.bin"])
    assert text.blob_id == "ce013625030ba8dba906f756967f9e9ca394464a"  # printf 'hello\n' | git hash-object --stdin
    assert text.lfs is None
    assert binary.lfs.sha256 == hashlib.sha256(b"hello\n").hexdigest() and binary.lfs.size == 6
    git = ["git", "hash-object", "--stdin"]
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{binary.lfs.sha256}\nsize 6\n"
    assert binary.blob_id == subprocess.run(git, input=pointer, capture_output=True, text=True).stdout.strip()


def test_a_commit_on_an_outdated_parent_is_refused(api, repo):
    parent = commit(api, repo, a__txt="1")
    head = commit(api, repo, a__txt="2")
    for revision in (parent, parent[:7]):
        with pytest.raises(HfHubHTTPError, match="refresh and try again") as error:
            api.create_commit(repo, [add("a.txt", "3")], commit_message="late", parent_commit=revision)
        assert status_of(error) == 412
    assert api.model_info(repo).sha == head
    api.create_commit(repo, [add("a.txt", "3")], commit_message="in time", parent_commit=head)


def test_a_commit_that_fails_halfway_changes_nothing(api, repo):
    head = commit(api, repo, a__txt="a")
    with pytest.raises(EntryNotFoundError, match="A file with this name doesn't exist"):
        api.create_commit(repo, [add("new.txt", "new"), CommitOperationDelete("absent.txt")], commit_message="no")
    with pytest.raises(BadRequestError, match="file and a folder"):
        api.create_commit(repo, [add("new.txt", "new"), add("a.txt/b.txt", "b")], commit_message="no")
    with pytest.raises(RevisionNotFoundError):
        api.create_commit(repo, [add("new.txt", "new")], commit_message="no", revision="no-such-branch")
    with pytest.raises(RepositoryNotFoundError):
        api.create_commit("ada/no-such-repo", [add("new.txt", "new")], commit_message="no")
    assert api.model_info(repo).sha == head
    assert api.list_repo_files(repo) == [".gitattributes", "a.txt"]


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/x", ".git/config", "a//b", "./a", ""])
def test_paths_that_leave_the_repository_are_refused(api, hub, repo, path):
    with pytest.raises(urllib.error.HTTPError) as error:
        post_commit(hub, repo, {path: "x"})
    assert error.value.code == 422
    assert api.list_repo_files(repo) == [".gitattributes"]


@pytest.mark.parametrize("path", ["..%2F..%2Frepo.json", "../../../repo.json", "%2E%2E/%2E%2E/refs.json", "a%00b"])
def test_no_address_reaches_a_file_outside_a_commit(hub, repo, path):
    with socket.create_connection(("127.0.0.1", int(hub.endpoint.rsplit(":")[-1])), timeout=10) as connection:
        connection.sendall(f"GET /{repo}/resolve/main/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert connection.recv(4096).split()[1] in (b"404", b"400")


def test_ignored_files_are_left_out(api, repo, tmp_path):
    commit(api, repo, __gitignore="*.log\n/build/\n!keep.log\n# comment\n")
    for name in ("a.txt", "a.log", "keep.log", "build/b.txt", "src/build/c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    api.upload_folder(repo_id=repo, folder_path=tmp_path)
    assert set(api.list_repo_files(repo)) - {".gitattributes", ".gitignore"} == {"a.txt", "keep.log", "src/build/c.txt"}


def test_unchanged_files_make_no_commit(api, repo):
    head = api.create_commit(repo, [add("a.txt", "a"), add("a.bin", "b")], commit_message="once").oid
    assert api.create_commit(repo, [add("a.txt", "a"), add("a.bin", "b")], commit_message="twice").oid == head


def test_an_uploaded_folder_replaces_what_it_says(api, repo, tmp_path):
    commit(api, repo, old__txt="old", other__md="other")
    (tmp_path / "new.txt").write_text("new")
    api.upload_folder(repo_id=repo, folder_path=tmp_path, delete_patterns="*.txt")
    assert api.list_repo_files(repo) == [".gitattributes", "new.txt", "other.md"]


def test_a_readme_with_unreadable_metadata_is_refused(api, repo):
    with pytest.raises(ValueError, match=r"Invalid metadata in README\.md"):
        api.upload_file(path_or_fileobj=b"---\na: [\n---\n", path_in_repo="README.md", repo_id=repo)
    with pytest.warns(UserWarning, match="empty or missing yaml metadata"):
        api.upload_file(path_or_fileobj=b"# Title", path_in_repo="README.md", repo_id=repo)
    card = b"---\nlicense: mit\ntags: [polymers]\n---\n# Title"
    api.upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=repo)
    info = api.model_info(repo)
    assert info.card_data.license == "mit" and {"polymers", "license:mit"} <= set(info.tags)
    assert [model.id for model in api.list_models(filter="polymers")] == [repo]


def test_pull_requests_do_not_touch_main(api, stranger, repo):
    head = api.model_info(repo).sha
    info = stranger.create_commit(repo, [add("a.txt", "a")], commit_message="proposed", create_pr=True)
    assert info.pr_num == 1 and info.pr_revision == "refs/pr/1"
    assert api.model_info(repo).sha == head
    assert "a.txt" in api.list_repo_files(repo, revision="refs/pr/1")


def test_concurrent_commits_are_all_kept(api, repo):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: commit(api, repo, **{f"file{n}__txt": str(n)}), range(24)))
    assert len(api.list_repo_files(repo)) == 25
    assert len(api.list_repo_commits(repo)) == 25


def test_of_concurrent_commits_on_one_parent_one_wins(api, repo):
    parent = api.model_info(repo).sha

    def attempt(n: int) -> bool:
        try:
            api.create_commit(repo, [add("a.txt", str(n))], commit_message=str(n), parent_commit=parent)
        except HfHubHTTPError as error:
            assert error.response.status_code == 412
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1


# Large files

BIG = 12 * 1024 * 1024


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    """Contents that are packed in different ways on their way: noise, numbers, repetition, text."""
    noise = random.Random(0).randbytes
    numbers = b"".join(noise(2) + b"\x80\x3f" for _ in range(100_000))  # floats that share two bytes
    text = " ".join(str(number * number) for number in range(300_000)).encode()
    return {
        "big.txt": noise(BIG),
        "numbers.safetensors": numbers,
        "zeros.bin": bytes(5_000_000),
        "text.npz": text,
        "one.bin": b"1",
        "empty.bin": b"",
    }


@pytest.mark.parametrize("way", ["xet", "lfs"])
def test_large_files_come_back_as_they_went(api, contents, tmp_path, monkeypatch, way):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", way == "lfs")
    repo = api.create_repo(f"ada/large-{way}").repo_id
    api.create_commit(repo, [add(name, content) for name, content in contents.items()], commit_message="large")
    folder = Path(api.snapshot_download(repo, cache_dir=tmp_path))
    for name, content in contents.items():
        assert (folder / name).read_bytes() == content, name
    files = {file.path: file for file in api.list_repo_tree(repo)}
    for name, content in contents.items():
        if content:  # the client sends an empty file inside the commit, whatever its name
            assert files[name].lfs.sha256 == hashlib.sha256(content).hexdigest()
            assert files[name].size == files[name].lfs.size == len(content)
    assert files[".gitattributes"].lfs is None


def test_a_stream_goes_through_lfs_with_the_client_as_installed(api, repo, tmp_path):
    api.create_commit(repo, [CommitOperationAdd("a.bin", io.BytesIO(b"streamed" * 1000))], commit_message="stream")
    assert Path(api.hf_hub_download(repo, "a.bin", cache_dir=tmp_path)).read_bytes() == b"streamed" * 1000


def test_the_same_file_is_sent_again_to_another_repository(api, tmp_path):
    content = random.Random(1).randbytes(3_000_000)
    for name in ("ada/same-1", "ada/same-2"):
        api.create_repo(name)
        api.create_commit(name, [add("a.bin", content)], commit_message="same")
        assert Path(api.hf_hub_download(name, "a.bin", cache_dir=tmp_path)).read_bytes() == content
    api.delete_repo("ada/same-1")
    api.create_commit("ada/same-2", [add("b.bin", content + b"more")], commit_message="like before")
    assert Path(api.hf_hub_download("ada/same-2", "b.bin", cache_dir=tmp_path)).read_bytes() == content + b"more"


def test_a_large_file_is_copied_and_renamed_without_sending_it(api, repo):
    api.create_commit(repo, [add("a.bin", b"content")], commit_message="add")
    operations = [CommitOperationCopy("a.bin", "b.bin"), CommitOperationDelete("a.bin")]
    api.create_commit(repo, operations, commit_message="rename")
    (file,) = api.get_paths_info(repo, "b.bin")
    assert file.lfs.sha256 == hashlib.sha256(b"content").hexdigest()


def test_a_damaged_upload_is_refused(api, hub, repo):
    sha256 = hashlib.sha256(b"right").hexdigest()
    body = {"operation": "upload", "objects": [{"oid": sha256, "size": 5}]}
    headers = {"Authorization": f"Bearer {hub.token}", "Content-Type": "application/vnd.git-lfs+json"}
    url = f"{hub.endpoint}/{repo}.git/info/lfs/objects/batch"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    (item,) = json.load(urllib.request.urlopen(request, timeout=10))["objects"]
    href = item["actions"]["upload"]["href"]

    def put(href: str, content: bytes) -> int:
        try:
            return urllib.request.urlopen(urllib.request.Request(href, content, method="PUT"), timeout=10).status
        except urllib.error.HTTPError as error:
            return error.code

    assert put(href, b"wrong") == 400
    assert put(href[:-3] + "abc", b"right") == 401  # the address is a signed ticket
    operation = CommitOperationAdd("a.bin", b"right")
    # Claim an upload that did not happen.
    operation._upload_mode, operation._is_uploaded = "lfs", True  # noqa: SLF001
    with pytest.raises(BadRequestError, match="was not uploaded"):
        api.create_commit(repo, [operation], commit_message="no content")
    assert put(href, b"right") == 200


# Downloads


def test_files_come_with_the_headers_the_cache_is_built_from(api, hub, repo):
    sha = api.create_commit(repo, [add("a b.txt", "text"), add("a.bin", "binary")], commit_message="x").oid
    for name, etag, size in (
        ("a b.txt", hashlib.sha1(b"blob 4\0text").hexdigest(), 4),
        ("a.bin", hashlib.sha256(b"binary").hexdigest(), 6),
    ):
        metadata = get_hf_file_metadata(hf_hub_url(repo, name, endpoint=hub.endpoint))
        assert (metadata.commit_hash, metadata.etag, metadata.size) == (sha, etag, size)
        assert metadata.xet_file_data is None
    _, headers, _ = get(hf_hub_url(repo, "a.bin", endpoint=hub.endpoint))
    assert headers["x-linked-size"] == "6" and headers["x-request-id"]


def test_each_kind_of_absence_has_its_own_error(api, repo, tmp_path):
    head = commit(api, repo, a__txt="a")
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(repo, "absent.txt", cache_dir=tmp_path)
    noted = tmp_path / f"models--{repo.replace('/', '--')}" / ".no_exist" / head / "absent.txt"
    assert noted.exists()  # the client notes the absence only when the answer names the commit
    with pytest.raises(RevisionNotFoundError):
        api.hf_hub_download(repo, "a.txt", revision="absent", cache_dir=tmp_path)
    with pytest.raises(RevisionNotFoundError):
        api.snapshot_download(repo, revision="0" * 40, cache_dir=tmp_path)
    for name in ("ada/absent", "absent"):
        with pytest.raises(RepositoryNotFoundError):
            api.hf_hub_download(name, "a.txt", cache_dir=tmp_path)
        with pytest.raises(RepositoryNotFoundError):
            api.model_info(name)
    assert not api.revision_exists(repo, "absent") and api.revision_exists(repo, head)
    assert not api.file_exists(repo, "absent.txt") and api.file_exists(repo, "a.txt")


def test_snapshots_of_branch_tag_and_commit(api, repo, tmp_path):
    first = commit(api, repo, v__txt="1")
    api.create_tag(repo, tag="v1.0")
    api.create_branch(repo, branch="work/next")
    api.create_commit(repo, [add("v.txt", "2")], commit_message="2", revision="work/next")
    commit(api, repo, v__txt="3")
    for revision, version in ((None, "3"), ("v1.0", "1"), (first, "1"), (first[:8], "1"), ("work/next", "2")):
        folder = api.snapshot_download(repo, revision=revision, cache_dir=tmp_path, allow_patterns="*.txt")
        assert os.listdir(folder) == ["v.txt"]
        assert Path(folder, "v.txt").read_text() == version


def test_a_broken_download_goes_on_where_it_stopped(api, hub, repo, tmp_path):
    content = random.Random(2).randbytes(200_000)
    api.create_commit(repo, [add("a.bin", content)], commit_message="x")
    url = hf_hub_url(repo, "a.bin", endpoint=hub.endpoint)
    with open(tmp_path / "a.bin", "w+b") as file:
        file.write(b"?" * 150_000)
        http_get(url, file, resume_size=150_000, expected_size=len(content))
    assert (tmp_path / "a.bin").read_bytes() == b"?" * 150_000 + content[150_000:]  # only the rest was sent
    status, headers, body = get(url, Range="bytes=10-19")
    assert (status, body, headers["content-range"]) == (206, content[10:20], "bytes 10-19/200000")
    assert get(url, Range="bytes=200000-")[0] == 416


def test_trees_are_listed_with_folders_and_last_commits(api, repo):
    first = api.create_commit(repo, [add("a/b/c.txt", "1"), add("d.txt", "1")], commit_message="one").oid
    second = api.create_commit(repo, [add("d.txt", "2")], commit_message="two").oid
    assert [entry.path for entry in api.list_repo_tree(repo)] == [".gitattributes", "a", "d.txt"]
    assert [entry.path for entry in api.list_repo_tree(repo, "a", recursive=True)] == ["a/b", "a/b/c.txt"]
    last = {entry.path: entry.last_commit.oid for entry in api.list_repo_tree(repo, recursive=True, expand=True)}
    assert (last["a"], last["a/b/c.txt"], last["d.txt"]) == (first, first, second)
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(repo, "absent"))
    assert [entry.path for entry in api.get_paths_info(repo, ["d.txt", "a", "absent"])] == ["d.txt", "a"]


def test_information_about_files_and_single_properties(api, repo):
    api.create_commit(repo, [add("a.bin", "binary")], commit_message="x")
    files = {sibling.rfilename: sibling for sibling in api.model_info(repo, files_metadata=True).siblings}
    assert (files["a.bin"].size, files["a.bin"].lfs.sha256) == (6, hashlib.sha256(b"binary").hexdigest())
    assert files[".gitattributes"].lfs is None and files[".gitattributes"].blob_id
    info = api.model_info(repo, expand=["author", "lastModified"])
    assert info.author == "ada" and info.last_modified and info.siblings is None


# Branches and tags


def test_branches_and_tags(api, repo):
    first = commit(api, repo, a__txt="1")
    second = commit(api, repo, a__txt="2")
    api.create_tag(repo, tag="v1", revision=first, tag_message="The first")
    api.create_tag(repo, tag="release/v2")
    api.create_branch(repo, branch="old", revision="v1")
    refs = api.list_repo_refs(repo)
    assert {ref.name: ref.target_commit for ref in refs.tags} == {"v1": first, "release/v2": second}
    assert {ref.ref: ref.target_commit for ref in refs.branches} == {"refs/heads/main": second, "refs/heads/old": first}
    for again in (
        lambda **kw: api.create_tag(repo, tag="v1", **kw),
        lambda **kw: api.create_branch(repo, branch="old", **kw),
    ):
        with pytest.raises(HfHubHTTPError) as error:
            again()
        assert status_of(error) == 409
        again(exist_ok=True)
    for missing in (
        lambda: api.create_tag(repo, tag="v3", revision="absent"),
        lambda: api.create_branch(repo, branch="new", revision="absent"),
        lambda: api.delete_tag(repo, tag="absent"),
        lambda: api.delete_tag(repo, tag="old"),
    ):
        with pytest.raises(RevisionNotFoundError):
            missing()
    with pytest.raises(BadRequestError):
        api.create_tag(repo, tag="not a tag")
    for branch, status in (("main", 403), ("absent", 404), ("v1", 404)):
        with pytest.raises(HfHubHTTPError) as error:
            api.delete_branch(repo, branch=branch)
        assert status_of(error) == status
    api.delete_tag(repo, tag="release/v2")
    api.delete_branch(repo, branch="old")
    refs = api.list_repo_refs(repo)
    assert [ref.name for ref in refs.tags] == ["v1"] and [ref.name for ref in refs.branches] == ["main"]


# Spaces


@pytest.fixture
def space(api: HfApi, request) -> str:
    return api.create_repo(f"ada/{request.node.name}", repo_type="space", space_sdk="gradio").repo_id


def test_a_space_is_paused_restarted_and_moved_to_other_hardware(api, space):
    assert api.get_space_runtime(space).stage == "NO_APP_FILE"
    api.upload_file(path_or_fileobj=b"", path_in_repo="app.py", repo_id=space, repo_type="space")
    runtime = api.get_space_runtime(space)
    assert (runtime.stage, runtime.hardware, runtime.sleep_time) == ("RUNNING", "cpu-basic", 172800)
    runtime = api.request_space_hardware(space, SpaceHardware.A10G_SMALL, sleep_time=600)
    assert (runtime.requested_hardware, runtime.sleep_time) == ("a10g-small", 600)
    assert api.set_space_sleep_time(space, -1).sleep_time == -1
    assert api.pause_space(space).stage == "PAUSED"
    assert api.restart_space(space, factory_reboot=True).stage == "RUNNING"
    with pytest.raises(BadRequestError, match="Unknown hardware"):
        api.request_space_hardware(space, "abacus")
    assert api.space_info(space).runtime.hardware == "a10g-small"
    assert api.space_info(space).sdk == "gradio"


def test_a_space_is_created_with_all_its_settings(api):
    space = api.create_repo(
        "ada/all-settings",
        repo_type="space",
        space_sdk="gradio",
        space_hardware="t4-medium",
        space_sleep_time=3600,
        space_secrets=[{"key": "KEY", "value": "hidden"}],
        space_variables=[{"key": "MODEL", "value": "ada/model", "description": "which"}],
    ).repo_id
    runtime = api.get_space_runtime(space)
    assert (runtime.requested_hardware, runtime.sleep_time) == ("t4-medium", 3600)
    assert api.get_space_variables(space)["MODEL"].value == "ada/model"
    assert list(api.get_space_secrets(space)) == ["KEY"]


def test_secrets_are_never_given_back_and_variables_are(api, stranger, hub, space):
    secret = "s3cret-value"
    api.add_space_secret(space, "KEY", secret, description="for the service")
    assert api.get_space_secrets(space)["KEY"].description == "for the service"
    assert api.add_space_variable(space, "MODEL", "ada/model")["MODEL"].value == "ada/model"
    assert api.get_space_variables(space)["MODEL"].value == "ada/model"
    for call in ("secrets", "variables", "runtime", "refs", "tree/main", ""):
        answer = get(f"{hub.endpoint}/api/spaces/{space}/{call}".rstrip("/"), Authorization=f"Bearer {hub.token}")
        assert answer[0] == 200 and secret not in str(answer)
    assert secret not in str(get(f"{hub.endpoint}/spaces/{space}"))
    for call in (stranger.get_space_secrets, stranger.get_space_variables, stranger.pause_space):
        with pytest.raises(HfHubHTTPError) as error:
            call(space)
        assert status_of(error) == 403
    with pytest.raises(BadRequestError):
        api.add_space_secret(space, "not a name", "x")
    api.delete_space_secret(space, "KEY")
    assert api.get_space_secrets(space) == {}
    assert api.delete_space_variable(space, "MODEL") == {}


def test_a_static_space_cannot_be_paused(api):
    space = api.create_repo("ada/static", repo_type="space", space_sdk="static").repo_id
    with pytest.raises(BadRequestError, match="static Space"):
        api.pause_space(space)


# Pages for people


def test_pages_show_repository_commit_and_revision(api, hub, repo):
    card = b"---\nlicense: mit\n---\n# <script>alert(1)</script>"
    info = api.create_commit(repo, [add("README.md", card), add("<b>.txt", "x")], commit_message="<i>Title</i>")
    api.create_tag(repo, tag="v1")
    for url in (info.commit_url, f"{hub.endpoint}/{repo}", f"{hub.endpoint}/{repo}/tree/v1", hub.endpoint):
        status, headers, body = get(url)
        assert status == 200 and headers["content-type"].startswith("text/html")
        assert repo in body.decode()
        for markup in (b"<script>", b"<b>", b"<i>"):
            assert markup not in body
    page = get(info.commit_url)[2].decode()
    assert info.oid in page and "&lt;i&gt;Title" in page and "added: README.md" in page
    status, headers, body = get(f"{hub.endpoint}/{repo}/blob/main/README.md")
    assert body == card and headers["content-type"].startswith("text/plain")


def test_pages_do_not_tell_what_is_private(api, hub):
    api.create_repo("ada/hidden-page", private=True)
    api.create_repo("ada/data-page", repo_type="dataset")
    assert b"hidden-page" not in get(hub.endpoint)[2]
    hidden = get(f"{hub.endpoint}/ada/hidden-page", Accept="text/html")
    absent = get(f"{hub.endpoint}/ada/absent-page", Accept="text/html")
    assert hidden[0] == absent[0] == 401 and hidden[2] == absent[2]
    assert get(f"{hub.endpoint}/datasets/ada/data-page")[0] == 200


def test_only_requests_to_this_machine_are_answered(hub):
    status, _, _ = get(f"{hub.endpoint}/api/models", Host="evil.example")
    assert status == 400


def test_unknown_addresses_and_broken_requests_get_the_hubs_form(api, hub, repo):
    status, headers, body = get(f"{hub.endpoint}/api/no-such-call")
    assert status == 404 and json.loads(body)["error"] and headers["x-error-message"]
    headers = {"Authorization": f"Bearer {hub.token}", "Content-Type": "application/json"}
    for path, body in (
        (f"/api/models/{repo}/commit/main", b"not json"),
        (f"/api/models/{repo}/commit/main", b'{"key": "file"}'),
        (f"/api/models/{repo}/preupload/main", b'{"files": [{}]}'),
        ("/api/repos/create", b"[1]"),
        (f"/{repo}.git/info/lfs/objects/batch", b"{}"),
    ):
        request = urllib.request.Request(hub.endpoint + path, body, headers)
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(request, timeout=10)
        assert error.value.code == 400, path
        assert error.value.headers["x-error-message"]


# The server's life


def test_everything_survives_a_restart_and_no_token_is_stored(tmp_path):
    root = tmp_path / "root"
    with running_local_hub(root) as hub:
        api = HfApi(endpoint=hub.endpoint, token=hub.token)
        api.create_repo("ada/model", private=True)
        oid = api.create_commit("ada/model", [add("a.bin", b"x" * 100_000)], commit_message="x").oid
        api.create_tag("ada/model", tag="v1")
        api.create_repo("ada/space", repo_type="space", space_sdk="gradio")
        api.add_space_variable("ada/space", "A", "1")
        with pytest.raises(SystemExit):
            sys.exit(run_hub("--port", "0", "--root", str(root)).returncode)  # one server a folder
    with running_local_hub(root) as hub:
        api = HfApi(endpoint=hub.endpoint, token=hub.token)
        assert api.list_repo_refs("ada/model").tags[0].target_commit == oid
        assert api.model_info("ada/model").private
        path = api.hf_hub_download("ada/model", "a.bin", revision="v1", cache_dir=tmp_path / "cache")
        assert Path(path).read_bytes() == b"x" * 100_000
        assert api.get_space_variables("ada/space")["A"].value == "1"
        with pytest.raises(HfHubHTTPError):
            api.whoami(token="hf_wrong_token")
        stored = b"".join(file.read_bytes() for file in root.rglob("*") if file.is_file())
        assert hub.token.encode() not in stored
    log = Path(f"{root}.log").read_text()
    assert hub.token not in log and "Traceback" not in log


def test_a_kill_never_leaves_half_a_commit(tmp_path):
    root = tmp_path / "root"
    names = [f"file_{n}.txt" for n in range(20)]
    seen = set()
    for attempt in range(3):
        with running_local_hub(root) as hub:
            api = HfApi(endpoint=hub.endpoint, token=hub.token)
            api.create_repo("ada/model", exist_ok=True)
            head = api.model_info("ada/model").sha
            files = [name for name in api.list_repo_files("ada/model") if name in names]
            assert files in ([], sorted(names))
            if files:
                folder = Path(api.snapshot_download("ada/model", cache_dir=tmp_path / "cache", revision=head))
                versions = {(folder / name).read_text() for name in names}
                assert len(versions) == 1  # all files are of one commit
                seen |= versions

            def keep_committing(hub=hub, attempt=attempt) -> None:
                with suppress(OSError):  # the server is killed under it, which is the point
                    for version in range(10_000):
                        post_commit(hub, "ada/model", dict.fromkeys(names, f"{attempt}.{version}"))

            worker = threading.Thread(target=keep_committing)
            worker.start()
            time.sleep(0.4 + 0.13 * attempt)
            hub.process.send_signal(signal.SIGKILL)
            hub.process.wait()
            worker.join()
    assert seen  # the kills came after some commits, not before all of them


def run_hub(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(LOCAL_HUB), *arguments], capture_output=True, text=True, timeout=120)


def test_other_machines_are_served_only_when_asked(tmp_path):
    run = run_hub("--host", "0.0.0.0", "--port", "0", "--root", str(tmp_path))
    assert run.returncode == 2 and "--allow-remote" in run.stderr
    run = run_hub("--host", "example.org", "--root", str(tmp_path))
    assert run.returncode == 2 and "IPv4" in run.stderr


def test_a_taken_port_is_said_in_one_sentence(hub, tmp_path):
    run = run_hub("--port", hub.endpoint.rsplit(":")[-1], "--root", str(tmp_path / "root"))
    assert run.returncode == 2 and "choose another --port" in run.stderr and "Traceback" not in run.stderr
