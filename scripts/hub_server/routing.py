"""Addresses of the Hub's calls and of its pages, and how a handler is put under one."""

from collections.abc import Callable, Iterable
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request
from starlette.convertors import Convertor, register_url_convertor

from hub_server.names import KINDS


class Segment(Convertor[str]):
    """One path segment, percent-decoded here so that a branch ``a/b`` (sent as ``a%2Fb``) stays one segment."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


class Rest(Segment):
    regex = ".*"


calls = APIRouter()
pages = APIRouter()
"""Pages come after the calls: a page's address begins with any name."""

SPACE_SETTINGS = ("runtime", "hardware", "sleeptime", "pause", "restart", "secrets", "variables", "volumes")
SPACE_CALLS = {f"/{name}" for name in (*SPACE_SETTINGS, "logs/{log:segment}")}


def api(method: str, path: str) -> Callable:
    """Register a handler for a repository call, ``path`` being what follows the repository's name."""
    kinds = {"spaces"} if path in SPACE_CALLS else KINDS

    def register(handler: Callable) -> Callable:
        for kind in kinds:
            calls.add_api_route(f"/api/{kind}/{{namespace:segment}}/{{name:segment}}{path}", handler, methods=[method])
        return handler

    return register


def page(path: str, methods: Iterable[str] = ("GET",)) -> Callable:
    """Register a handler under a repository's own address, of every kind."""

    def register(handler: Callable) -> Callable:
        for prefix in ("/datasets", "/spaces", ""):
            full_path = f"{prefix}/{{namespace:segment}}/{{name:segment}}{path}"
            pages.add_api_route(full_path, handler, methods=list(methods))
        return handler

    return register


def public_url(request: Request, path: str) -> str:
    return str(request.base_url).rstrip("/") + quote(path)


register_url_convertor("segment", Segment())
register_url_convertor("rest", Rest())
