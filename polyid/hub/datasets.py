"""Tables by whatever a user calls them: a file, a bundled or published table, a dataset on the Hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from polyid.data.catalogue import SOURCES, bundled_tables
from polyid.data.download import TABLE_SUFFIXES, fetch_source
from polyid.errors import DataError


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
    from polyid.hub.blobs import undamaged
    from polyid.hub.client import explained_errors, hub_api, look_at_dataset, with_retries

    api = hub_api(token)
    with explained_errors(api, repo_id, revision):
        files = look_at_dataset(api, repo_id, revision).siblings or []
    tables = sorted(file.rfilename for file in files if file.rfilename.lower().endswith(TABLE_SUFFIXES))
    if filename is None:
        if len(tables) != 1:
            seen = f"has several tables ({', '.join(tables[:8])}); name one" if tables else "has no table"
            raise DataError(f"The dataset {repo_id} {seen}; {', '.join(TABLE_SUFFIXES)} files are read.")
        filename = tables[0]
    if filename not in tables:
        raise DataError(f"The dataset {repo_id} has no table {filename}; it has {', '.join(tables[:8]) or 'none'}.")
    table = filename
    with explained_errors(api, repo_id, revision):
        return undamaged(
            lambda: with_retries(lambda: api.hf_hub_download(repo_id, table, repo_type="dataset", revision=revision))
        )


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
