"""Published data by name: fetched once, checked against a known hash, kept in the user's cache."""

from __future__ import annotations

import hashlib
import http.client
import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from polyid.errors import DataError
from polyid.tables import bundled_tables

BASE_URL = "https://raw.githubusercontent.com"
TABLE_SUFFIXES = (".csv", ".tsv", ".xlsx", ".parquet")
_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class DataSource:
    """A public file of polymer data at a fixed commit.

    Attributes
    ----------
    name : str
        What it is asked for by.
    title : str
        One line on what it holds.
    repository, commit, path : str
        Where it lies on GitHub.
    sha256 : str
        Of the file, in hexadecimal.
    licence : str
        With the holder of the copyright.
    citation : str
        What to cite when using it.
    """

    name: str
    title: str
    repository: str
    commit: str
    path: str
    sha256: str
    licence: str
    citation: str

    def url(self, base_url: str = BASE_URL) -> str:
        return f"{base_url.rstrip('/')}/{self.repository}/{self.commit}/{self.path}"

    @property
    def notice(self) -> str:
        """Where it comes from, its licence and what to cite, to show whoever fetches it."""
        return (
            f"{self.title}\nSource: https://github.com/{self.repository} at {self.commit[:12]}, {self.path}\n"
            f"Licence: {self.licence}\nPlease cite: {self.citation}"
        )


_POLYID_PAPER = (
    "A. N. Wilson et al., PolyID: Artificial Intelligence for Discovering Performance-Advantaged and Sustainable "
    "Polymers, Macromolecules 56, 8547 (2023), doi:10.1021/acs.macromol.3c00994"
)

SOURCES: dict[str, DataSource] = {
    source.name: source
    for source in [
        DataSource(
            "polyid-database",
            "The published PolyID property database: about 1,500 polymers with up to 11 properties",
            "jlaw9/2026_MD_poly_ML_TL",
            "1cf6232fb4c0c311bef2a54aec08a95429fc3cca",
            "data/training_data/250121db_pub_260225md_and_exp_train.csv",
            "b70db12f9cd37a28d1d26be23e59a003045dddbbc711c6ac2688a026f6b76dde",
            "MIT, © 2025 Jeff Law",
            _POLYID_PAPER,
        ),
        DataSource(
            "stereopolymers",
            "18 polyesters at several tacticities, with Tg and Tm",
            "NREL/polyID",
            "55577cf3f4ac5747dcc44c5a46970e74d3daf526",
            "data/stereopolymer_input_nopush.csv",
            "ae2907b98a8d29b7825c726165570f4715b823dd62602c557db43699f58c665f",
            "BSD 3-Clause, © 2022 Alliance for Sustainable Energy LLC",
            _POLYID_PAPER,
        ),
    ]
}


def default_cache_dir() -> Path:
    """The user's cache folder for data: ``$POLYID_CACHE``, else the platform's own."""
    if chosen := os.environ.get("POLYID_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "polyid" / "data"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "polyid" / "data"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "polyid" / "data"


def fetch_source(
    name: str,
    cache_dir: str | Path | None = None,
    base_url: str | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Path:
    """Path of a published file, downloaded unless it is in the cache.

    Parameters
    ----------
    name : str
        Key of :data:`SOURCES`.
    cache_dir : str or Path, optional
        Defaults to :func:`default_cache_dir`.
    base_url : str, optional
        Another server with the same paths, such as a mirror.
    progress : callable, optional
        Called with the bytes so far and in all (None where the server doesn't say).

    Returns
    -------
    Path

    Raises
    ------
    DataError
        The name is unknown, the server can't be reached or has no such file, the connection is cut, or the file is
        not the published one. Nothing unchecked stays in the cache.
    """
    source = SOURCES.get(name)
    if source is None:
        raise DataError(f"There is no data source {name!r}; there are {', '.join(SOURCES)}.")
    folder = Path(cache_dir) if cache_dir is not None else default_cache_dir()
    target = folder / f"{source.name}.csv"
    if target.is_file() and _sha256(target) == source.sha256:
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{source.name}-")
    except OSError as error:
        raise DataError(f"The cache folder {folder} can't be written to ({error.strerror}); choose another.") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            digest = _download(source, source.url(base_url or BASE_URL), stream, progress)
        if digest != source.sha256:
            raise DataError(
                f"The downloaded {name} is not the published file (SHA-256 {digest[:12]}… instead of "
                f"{source.sha256[:12]}…); nothing was kept, try again later or from another network."
            )
        os.replace(temporary, target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return target


def _download(source: DataSource, url: str, stream, progress: Callable[[int, int | None], None] | None) -> str:
    """Write a URL's content to a stream; its SHA-256."""
    request = urllib.request.Request(url, headers={"User-Agent": "polyid-spaces"})
    digest, received = hashlib.sha256(), 0
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:
            length = response.headers.get("Content-Length")
            total = int(length) if length else None
            while chunk := response.read(_CHUNK):
                stream.write(chunk)
                digest.update(chunk)
                received += len(chunk)
                if progress is not None:
                    progress(received, total)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise DataError(f"{source.name} is no longer at {url}; download it by hand and give its path.") from error
        raise DataError(f"The server of {source.name} answered {error.code}; try again later.") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
        if received:
            raise DataError(
                f"The download of {source.name} was cut off after {received:,} bytes; try again."
            ) from error
        raise DataError(f"{source.name} can't be downloaded without a network; {url} could not be reached.") from error
    if total is not None and received < total:
        raise DataError(f"The download of {source.name} was cut off after {received:,} bytes; try again.")
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch_hub_dataset(
    repo_id: str, filename: str | None = None, *, revision: str | None = None, token: str | None = None
) -> Path:
    """Path of a table in a dataset repo on the Hub, downloaded to the Hub client's cache.

    Parameters
    ----------
    repo_id : str
        ``user/dataset``.
    filename : str, optional
        Which table; may be left out when the repo has one.
    revision : str, optional
        Branch, tag or commit.
    token : str, optional

    Returns
    -------
    Path

    Raises
    ------
    DataError
        The repo has no table, or several and none was named.
    HubError
        The Hub refused or could not be reached.
    """
    from huggingface_hub import hf_hub_download

    from polyid.hub import _api, _explained

    api = _api(token)
    with _explained(api, repo_id, revision):
        files = api.list_repo_files(repo_id, repo_type="dataset", revision=revision)
    tables = sorted(name for name in files if name.lower().endswith(TABLE_SUFFIXES))
    if filename is None:
        if len(tables) != 1:
            seen = f"has several tables ({', '.join(tables[:8])}); name one" if tables else "has no table"
            raise DataError(f"The dataset {repo_id} {seen}; {', '.join(TABLE_SUFFIXES)} files are read.")
        filename = tables[0]
    elif filename not in tables:
        raise DataError(f"The dataset {repo_id} has no table {filename}; it has {', '.join(tables[:8]) or 'none'}.")
    with _explained(api, repo_id, revision):
        path = hf_hub_download(
            repo_id, filename, repo_type="dataset", revision=revision, token=api.token, endpoint=api.endpoint
        )
    return Path(path)


def find_table(
    text: str,
    cache_dir: str | Path | None = None,
    token: str | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Path:
    """Path of a table, from whatever a user calls it by.

    Parameters
    ----------
    text : str
        A file, a bundled table's name, a published source's name, or a Hub dataset: ``user/dataset``,
        ``user/dataset@revision``, ``user/dataset/file.csv``.
    cache_dir, token, progress
        As for :func:`fetch_source` and :func:`fetch_hub_dataset`.

    Returns
    -------
    Path

    Raises
    ------
    DataError, HubError
        Nothing is called so, or it can't be fetched.
    """
    text = text.strip()
    if Path(text).is_file():
        return Path(text)
    if text in SOURCES:
        return fetch_source(text, cache_dir, progress=progress)
    if text in (tables := bundled_tables()):
        return tables[text]
    if (path := find_hub_table(text, token)) is not None:
        return path
    known = ", ".join([*tables, *SOURCES])
    raise DataError(f"There is no file {text}; give a path, one of {known}, or a Hub dataset as user/dataset.")


def find_hub_table(text: str, token: str | None = None) -> Path | None:
    """Path of a table on the Hub, from what people call it; None if that can't be the name of one.

    Parameters
    ----------
    text : str
        ``user/dataset``, ``user/dataset@revision``, ``user/dataset/file.csv``, or the dataset's address.
    token : str, optional

    Raises
    ------
    DataError, HubError
        As :func:`fetch_hub_dataset`.
    """
    name, _, revision = text.strip().partition("@")
    parts = name.removeprefix("https://huggingface.co/").removeprefix("datasets/").split("/")
    is_file_name = len(parts) == 2 and parts[1].lower().endswith(TABLE_SUFFIXES)
    if len(parts) < 2 or not all(parts) or is_file_name or text.startswith((".", "/", "~")):
        return None
    filename = "/".join(parts[2:]) or None
    return fetch_hub_dataset("/".join(parts[:2]), filename, revision=revision or None, token=token)
