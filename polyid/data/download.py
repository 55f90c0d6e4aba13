"""Published data by name: fetched once, checked against a known hash, kept in the user's cache."""

from __future__ import annotations

import hashlib
import http.client
import ssl
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from polyid.common.files import cache_folder, replacing, sha256
from polyid.data.catalogue import BASE_URL, SOURCES, DataSource
from polyid.errors import DataError

TABLE_SUFFIXES = (".csv", ".tsv", ".xlsx", ".parquet")
_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30


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
        Defaults to ``data`` in :func:`polyid.common.files.cache_folder`.
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
    return fetch_file(source, cache_dir, base_url, progress)


def fetch_file(
    source: DataSource,
    cache_dir: str | Path | None = None,
    base_url: str | None = None,
    progress: Callable[[int, int | None], None] | None = None,
) -> Path:
    """As `fetch_source`, of a file that need not be one of :data:`SOURCES`."""
    name = source.name
    folder = Path(cache_dir) if cache_dir is not None else cache_folder("data")
    target = folder / f"{name}.csv"
    if target.is_file() and sha256(target) == source.sha256:
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(target) as stream:
            digest = _download(source, source.url(base_url or BASE_URL), stream, progress)
            if digest != source.sha256:
                raise DataError(
                    f"The downloaded {name} is not the published file (SHA-256 {digest[:12]}… instead of "
                    f"{source.sha256[:12]}…); nothing was kept, try again later or from another network."
                )
    except OSError as error:
        raise DataError(f"The cache folder {folder} can't be written to ({error.strerror}); choose another.") from error
    return target


# Not pooch: it counts chunks instead of bytes, leaves the file to its owner alone, and what is wrong in one sentence would be
# ours to say all the same.
def _download(
    source: DataSource, url: str, stream: BinaryIO, progress: Callable[[int, int | None], None] | None
) -> str:
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
    except (urllib.error.URLError, TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
        if received:
            raise DataError(
                f"The download of {source.name} was cut off after {received:,} bytes; try again."
            ) from error
        raise DataError(f"{source.name} can't be downloaded without a network; {url} could not be reached.") from error
    if total is not None and received < total:
        raise DataError(f"The download of {source.name} was cut off after {received:,} bytes; try again.")
    return digest.hexdigest()
