"""Published data by name, served by a stand-in on loopback."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from helpers.paths import published_file
from huggingface_hub import HfApi

from polyid.data import download
from polyid.data.catalogue import SOURCES
from polyid.data.download import fetch_source
from polyid.data.training_table import read_training_table
from polyid.errors import DataError, HubError
from polyid.hub.datasets import fetch_hub_dataset, find_table

CONTENT = (
    b"smiles_monomer,smiles_polymer,mechanism,Glass_Transition\n"
    b"C=C,CCCCCCCCCCCCCCCC,vinyl,-80\n"
    b"C=CC," + b"CC(C)" * 20 + b",vinyl,-10\n"
)


class Server(ThreadingHTTPServer):
    """Serves CONTENT at every path, or what `behaviour` says."""

    behaviour = "good"
    requests: list[str]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        behaviour = self.server.behaviour
        if behaviour in ("404", "503"):
            self.send_error(int(behaviour))
            return
        content = CONTENT.replace(b"-80", b"-81") if behaviour == "changed" else CONTENT
        self.send_response(200)
        if behaviour != "no length":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if behaviour == "cut" else content)

    def log_message(self, *arguments):
        """Keep the test output quiet."""


@pytest.fixture
def server(monkeypatch):
    with Server(("127.0.0.1", 0), Handler) as server:
        server.requests = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        stand_in = replace(SOURCES["polyid-database"], sha256=hashlib.sha256(CONTENT).hexdigest())
        monkeypatch.setitem(SOURCES, "polyid-database", stand_in)
        yield server
        server.shutdown()
        thread.join()


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize("behaviour", ["good", "no length"])
def test_good_file_is_kept_and_not_asked_for_again(server, tmp_path, behaviour):
    server.behaviour = behaviour
    seen = []
    path = fetch_source("polyid-database", tmp_path, address(server), lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT) if behaviour == "good" else None)
    source = SOURCES["polyid-database"]
    assert server.requests == [f"/{source.repository}/{source.commit}/{source.path}"]
    assert fetch_source("polyid-database", tmp_path, address(server)) == path
    assert len(server.requests) == 1
    assert read_training_table(path).labels == {"Glass_Transition": 2}


def test_damaged_cache_is_fetched_again(server, tmp_path):
    path = fetch_source("polyid-database", tmp_path, address(server))
    path.write_bytes(b"damaged")
    assert fetch_source("polyid-database", tmp_path, address(server)).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        ("changed", "not the published file"),
        ("cut", "cut off after"),
        ("404", "no longer at"),
        ("503", "answered 503"),
    ],
)
def test_a_failed_download_is_one_sentence_and_leaves_nothing(server, tmp_path, behaviour, message):
    server.behaviour = behaviour
    with pytest.raises(DataError, match=message) as caught:
        fetch_source("polyid-database", tmp_path, address(server))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_leaves_the_earlier_file(server, tmp_path, monkeypatch):
    path = fetch_source("polyid-database", tmp_path, address(server))
    monkeypatch.setitem(SOURCES, "polyid-database", replace(SOURCES["polyid-database"], sha256="0" * 64))
    with pytest.raises(DataError, match="not the published file"):
        fetch_source("polyid-database", tmp_path, address(server))
    assert path.read_bytes() == CONTENT


def test_without_a_network_it_says_so(tmp_path):
    with Server(("127.0.0.1", 0), Handler) as closed:
        nobody = address(closed)
    with pytest.raises(DataError, match="can't be downloaded without a network"):
        fetch_source("stereopolymers", tmp_path, nobody)


def test_unwritable_cache_is_one_sentence(tmp_path):
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(DataError, match="can't be written to"):
        fetch_source("stereopolymers", file / "cache")


def test_unknown_names_list_the_known():
    with pytest.raises(DataError, match="polyid-database, stereopolymers"):
        fetch_source("polyinfo")
    with pytest.raises(DataError, match=r"no file nonsense\.csv"):
        find_table("nonsense.csv")


def test_sources_are_described():
    for source in SOURCES.values():
        assert source.url().startswith("https://raw.githubusercontent.com/")
        assert len(source.sha256) == 64 and len(source.commit) == 40
        assert source.licence in source.notice and source.citation in source.notice


def test_the_hash_of_the_tacticity_file_is_that_of_the_file():
    path = published_file("stereopolymer_input_nopush.csv")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SOURCES["stereopolymers"].sha256


def test_it_is_kept_in_the_one_cache_folder(server, monkeypatch, tmp_path):
    monkeypatch.setenv("POLYID_CACHE", str(tmp_path / "here"))
    path = fetch_source("polyid-database", base_url=address(server))
    assert path == tmp_path / "here" / "data" / "polyid-database.csv"


def test_tables_are_found_by_path_name_and_dataset(local_hub, monkeypatch, tmp_path, server):
    file = tmp_path / "mine.csv"
    file.write_bytes(CONTENT)
    assert find_table(str(file)) == file
    monkeypatch.setattr(download, "BASE_URL", address(server))
    assert find_table("polyid-database", tmp_path).read_bytes() == CONTENT

    monkeypatch.setenv("HF_ENDPOINT", local_hub.endpoint)
    monkeypatch.setenv("HF_TOKEN", local_hub.token)
    api = HfApi(endpoint=local_hub.endpoint, token=local_hub.token)
    repo_id = f"{local_hub.user}/tables"
    api.create_repo(repo_id, repo_type="dataset")
    api.upload_file(path_or_fileobj=CONTENT, path_in_repo="a.csv", repo_id=repo_id, repo_type="dataset")
    assert find_table(repo_id, token=local_hub.token).read_bytes() == CONTENT
    api.upload_file(path_or_fileobj=CONTENT, path_in_repo="sub/b.csv", repo_id=repo_id, repo_type="dataset")
    with pytest.raises(DataError, match=r"several tables \(a\.csv, sub/b\.csv\)"):
        find_table(repo_id, token=local_hub.token)
    assert find_table(f"{repo_id}/sub/b.csv@main", token=local_hub.token).read_bytes() == CONTENT
    with pytest.raises(DataError, match=r"no table c\.csv"):
        fetch_hub_dataset(repo_id, "c.csv", token=local_hub.token)
    with pytest.raises(HubError, match="was not found"):
        find_table(f"{local_hub.user}/missing", token=local_hub.token)
