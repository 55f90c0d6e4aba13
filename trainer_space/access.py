"""Who may do what on this page, decided on the server for every call, whatever buttons a visitor sees.

On a Space, people log in with their Hugging Face account, and programs send a token of theirs (`gradio_client.Client(space,
token=...)`). The Space's owner may train, and whom ``POLYID_MAY_TRAIN`` names (users and organisations, separated by commas);
``POLYID_MAY_WATCH`` names those who may watch, or says ``everyone``. On a machine that is no Space, whoever sits at it may.
"""

from __future__ import annotations

import functools
import inspect
import ipaddress
import os
import time
import typing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.utils import get_space
from huggingface_hub import get_token

from polyid import runs
from polyid.errors import HubError, PolyIDError, TrainingError
from polyid.hub.destination import read_account
from polyid.web.html import notice

TRAIN, WATCH = "train", "watch"
REFUSED = "refused"
"""What a page has seen to which it was said that its visitor may not watch."""
PUBLISHING_SCOPES = frozenset({"manage-repos", "write-repos"})
"""Permissions of a login, one of which publishing takes."""
KNOWN_SECONDS = 60.0
"""How long it is remembered whose token a program sent."""


@dataclass(frozen=True)
class Visitor:
    """Whoever asks.

    Attributes
    ----------
    name : str or None
        None where that isn't known.
    groups : frozenset of str
        Organisations of theirs.
    token : str or None
        Their own.
    is_here : bool
        They sit at this machine, which is no Space.
    may_publish : bool
        Their token has a permission that publishing takes.
    """

    name: str | None = None
    groups: frozenset[str] = frozenset()
    token: str | None = None
    is_here: bool = False
    may_publish: bool = True

    def is_among(self, names: frozenset[str]) -> bool:
        """Whether they or an organisation of theirs are named; the Hub's names don't differ by case alone."""
        own = {name.casefold() for name in (self.name, *self.groups) if name}
        return self.name is not None and bool(own & names)


_HERE = Visitor(is_here=True)
_visitor: ContextVar[Visitor] = ContextVar("visitor", default=_HERE)
_tokens: dict[str, str] = {}
"""Tokens of visitors whose runs wait their turn, by run; they are written nowhere."""


def _named(variable: str) -> frozenset[str]:
    return frozenset(name.strip().casefold() for name in os.environ.get(variable, "").split(",") if name.strip())


def owner() -> str | None:
    """The user or organisation whose Space this is; None elsewhere."""
    space = os.environ.get("SPACE_ID")
    return None if space is None else os.environ.get("SPACE_AUTHOR_NAME") or space.partition("/")[0]


def is_owner(visitor: Visitor) -> bool:
    """Whether this is the Space's owner, or somebody of the organisation that owns it."""
    return visitor.is_here or visitor.is_among(frozenset({(owner() or "").casefold()}))


def check(visitor: Visitor, action: str) -> None:
    """Refuse who may not.

    Raises
    ------
    TrainingError
        Says what to do about it.
    """
    may_train = is_owner(visitor) or visitor.is_among(_named("POLYID_MAY_TRAIN"))
    watchers = _named("POLYID_MAY_WATCH")
    if may_train or (action == WATCH and ("everyone" in watchers or visitor.is_among(watchers))):
        return
    if owner() is None:
        raise TrainingError("This page is for people at the machine that it runs on: open it there, at 127.0.0.1.")
    if visitor.name is not None:
        verb = "train on" if action == TRAIN else "watch"
        variable = "POLYID_MAY_TRAIN" if action == TRAIN else "POLYID_MAY_WATCH"
        raise TrainingError(
            f"{visitor.name} may not {verb} this Space: ask {owner()} to name you or an organisation of yours in its "
            f"variable {variable}."
        )
    if not can_log_in():
        raise TrainingError(
            "This Space can't tell who you are: its owner has to write hf_oauth: true in the head of its README.md."
        )
    raise TrainingError(f"Log in with your Hugging Face account first: {owner()} decides who may use this Space.")


def can_log_in() -> bool:
    """Whether the page has a button to log in: elsewhere Gradio takes everybody for the owner of the machine's token."""
    return get_space() is not None and all(map(os.environ.get, ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET")))


def visitor_of(profile: Any, oauth: Any, request: Any) -> Visitor:
    """Who asks, by what Gradio read from the request; nobody in particular where nothing proves it."""
    if not isinstance(request, gr.Request):
        return Visitor()
    if owner() is None and _is_from_here(request):
        return _HERE
    if can_log_in() and isinstance(profile, gr.OAuthProfile) and isinstance(oauth, gr.OAuthToken):
        scopes = frozenset((oauth.scope or "").split())
        return Visitor(profile.username, _groups(profile), oauth.token, may_publish=bool(scopes & PUBLISHING_SCOPES))
    for header in ("x-hf-authorization", "authorization"):
        scheme, _, token = (request.headers.get(header) or "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return _sender(token.strip(), int(time.monotonic() / KNOWN_SECONDS))
    return Visitor()


def _groups(profile: gr.OAuthProfile) -> frozenset[str]:
    """Organisations of a login; who may only read in one is none of those who act for it."""
    groups = profile.get("orgs") or []
    acting = [group for group in groups if (group.get("roleInOrg") or group.get("role_in_org")) != "read"]
    return frozenset(str(group.get("preferred_username") or group.get("name")) for group in acting)


@functools.lru_cache(maxsize=256)
def _sender(token: str, minute: int) -> Visitor:
    """Whose token a program sent, as the Hub says; a token that may only read proves nothing."""
    try:
        account = read_account(token)
    except HubError:
        return Visitor()
    return Visitor(account.name, account.owners - {account.name}, token)


def _is_from_here(request: gr.Request) -> bool:
    """Whether a request is from this machine, and asks for it by a name that no other machine has."""
    asked = (request.headers.get("host") or "").rpartition(":")[0] or request.headers.get("host") or ""
    client = getattr(request.client, "host", None)
    return _is_loopback(client) and (asked == "localhost" or _is_loopback(asked.strip("[]")))


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def guarded(
    handler: Callable[..., Any],
    action: str = TRAIN,
    *,
    outputs: int | None = 2,
    said_at: int | None = 0,
    once: bool = False,
) -> Callable[..., Any]:
    """A handler that does nothing for who may not; it is what a page gives to Gradio.

    Parameters
    ----------
    handler : callable
    action : {"train", "watch"}
    outputs : int, optional
        How many values it returns, which stay as they are when it refuses; None for a function, which raises the sentence.
    said_at : int, optional
        Which of them is a notice to say why; None to say nothing.
    once : bool
        Say it once a visit, of a handler that is called every second: its first argument and value is what the page has seen.
    """

    def answer(profile: Any, oauth: Any, request: Any, *arguments: Any, **keywords: Any) -> Any:
        visitor = visitor_of(profile, oauth, request)
        try:
            check(visitor, action)
        except PolyIDError as problem:
            if once and arguments[:1] == (REFUSED,):
                return [gr.skip()] * (outputs or 0)
            refusal = _refusal(problem, outputs, said_at)
            return [REFUSED, *refusal[1:]] if once else refusal
        with visiting(visitor):
            return handler(*arguments, **keywords)

    functools.update_wrapper(answer, handler)
    optional = inspect.Parameter.POSITIONAL_OR_KEYWORD
    special = {"profile_": gr.OAuthProfile | None, "oauth_": gr.OAuthToken | None, "request_": gr.Request | None}
    signature = inspect.signature(handler)
    answer.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*(inspect.Parameter(name, optional) for name in special), *signature.parameters.values()]
    )
    answer.__annotations__ = {**special, **typing.get_type_hints(handler)}
    answer.guarded_action = action  # type: ignore[attr-defined]
    return answer


def seen(handler: Callable[..., Any], outputs: int) -> Callable[..., Any]:
    """A handler that fills something in, for those who may watch; it says nothing to others."""
    return guarded(handler, WATCH, outputs=outputs, said_at=None)


def _refusal(problem: PolyIDError, outputs: int | None, said_at: int | None) -> Any:
    if outputs is None:
        raise gr.Error(str(problem))
    values: list[Any] = [gr.skip() for _ in range(outputs)]
    if said_at is not None:
        values[said_at] = notice(str(problem), "error")
    return values[0] if outputs == 1 else values


def refused_action(handler: Callable[..., Any], action: str = TRAIN) -> Callable[..., Any]:
    """The same of handlers that answer a sentence and ``{"ok", "message", "run"}``."""
    inner = guarded(handler, action, outputs=None)

    @functools.wraps(inner)
    def answer(*arguments: Any, **keywords: Any) -> Any:
        try:
            return inner(*arguments, **keywords)
        except gr.Error as problem:
            return notice(problem.message, "error"), {"ok": False, "message": problem.message, "run": None}

    answer.__signature__ = inner.__signature__  # type: ignore[attr-defined]
    return answer


@contextmanager
def visiting(visitor: Visitor) -> Iterator[None]:
    """Do something for a visitor."""
    set_before = _visitor.set(visitor)
    try:
        yield
    finally:
        _visitor.reset(set_before)


def name() -> str | None:
    """Who asks, for the record of a run; None at this machine."""
    return _visitor.get().name


def token() -> str | None:
    """The token to publish with: the visitor's own; the Space's for its owner where the login does not allow it.

    Raises
    ------
    TrainingError
        A login lacks the permission.
    """
    visitor = _visitor.get()
    if visitor.is_here or (is_owner(visitor) and not visitor.may_publish):
        return get_token()
    if not visitor.may_publish:
        raise TrainingError(
            "Your login lacks the permission manage-repos, without which nothing can be published for you: log out, log "
            "in again, and allow it."
        )
    return visitor.token


def reading_token() -> str | None:
    """The token to read with: the visitor's own, the machine's at this machine."""
    visitor = _visitor.get()
    return get_token() if visitor.is_here else visitor.token


def remember(run: runs.Run) -> None:
    """Keep the visitor's token for a run that waits, for as long as this process lives."""
    mine = _visitor.get().token
    if run.waiting and mine and not _visitor.get().is_here:
        _tokens[run.name] = mine


def token_of(run: runs.Run | None) -> str | None:
    """The token that a waiting run begins with, or, for None, the Space's own."""
    if run is None:
        return get_token()
    if run.name in _tokens:
        return _tokens.pop(run.name)
    user = run.request.user
    return get_token() if user is None or is_owner(Visitor(user)) else None
