"""A Ray cluster by its address: whether it can be used, and a connection to it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from polyid.errors import DataError

LOCAL = "local"
"""The address of a Ray that is started here, and ends with the work."""
_PATIENCE = 10.0
_QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}


def check_ray(address: str) -> None:
    """Say what is missing before a model is fetched: the package, or somebody at the address.

    Raises
    ------
    DataError
    """
    try:
        import ray  # noqa: F401
    except ImportError:
        raise DataError("--ray needs the package ray: pip install 'polyid-spaces[ray]'.") from None
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if address in (LOCAL, "auto"):
        return
    if not colon or not host or not port.isdigit():
        raise DataError(
            f"--ray takes local, auto or an address such as 10.0.0.5:6379 or ray://10.0.0.5:10001, not {address!r}."
        )
    try:
        socket.create_connection((host, int(port)), _PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise DataError(f"Nobody answers at {address} ({error}): start Ray there, or correct --ray.") from None


@contextmanager
def connected(address: str) -> Iterator[int]:
    """A connection to Ray at `LOCAL`, ``auto`` or the address of a cluster; gives how many cores it has.

    Raises
    ------
    DataError
        It can't be reached, or gives up.
    """
    import ray

    here = {"include_dashboard": False} if address == LOCAL else {}
    try:
        ray.init(None if address == LOCAL else address, **here, **_QUIET)
    except Exception as error:  # Ray raises errors of many types where it can't connect
        raise DataError(f"Ray at {address} can't be used ({type(error).__name__}: {_first_line(error)}).") from None
    try:
        yield max(1, int(ray.cluster_resources().get("CPU", 1)))
    except ray.exceptions.RayError as error:
        raise DataError(f"Ray gave up ({_first_line(error)}); what was finished is kept, to go on from.") from None
    finally:
        ray.shutdown()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "no reason is given")[:300]
