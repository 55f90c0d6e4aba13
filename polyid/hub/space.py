"""Where a Space is, and what it does to itself when its work is done: it pauses, or steps down to hardware that costs nothing."""

from __future__ import annotations

from huggingface_hub import SpaceHardware, constants

from polyid.hub.client import explained_errors, hub_api, with_retries


def space_address(space: str | None) -> str | None:
    """Where people find a Space: an address as it is, ``user/name`` on the Hub; None without one."""
    if not space or space.startswith(("http://", "https://")):
        return space or None
    return f"{constants.ENDPOINT}/spaces/{space}"


def pause(space: str, token: str | None) -> str:
    """Pause a Space, which ends the process that asks for it.

    Parameters
    ----------
    space : str
        ``user/name``.
    token : str or None
        Of somebody who may write to it.

    Returns
    -------
    str
        What was done, in words.

    Raises
    ------
    HubError
        The Hub refused, or can't be reached.
    """
    api = hub_api(token)
    with explained_errors(api, space):
        with_retries(lambda: api.pause_space(space))
    return "The Space is paused: its hardware costs nothing more."


def step_down(space: str, token: str | None) -> str:
    """Move a Space to the free CPU, which restarts it; arguments and errors as of `pause`."""
    api = hub_api(token)
    with explained_errors(api, space):
        with_retries(lambda: api.request_space_hardware(space, SpaceHardware.CPU_BASIC))
    return "The Space steps down to the free CPU."
