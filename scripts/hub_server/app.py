"""The application: every call and page, and what is answered when one fails."""

import html
import re
import uuid
from collections.abc import Callable, MutableMapping
from email.utils import formatdate
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from hub_server import (  # noqa: F401 (their calls)
    accounts,
    buckets,
    cards,
    commits,
    jobs,
    lfs,
    listing,
    refs,
    spaces,
    tree,
    xet,
)
from hub_server.errors import HubProblem
from hub_server.names import KINDS
from hub_server.pages import html_page
from hub_server.routing import calls, pages
from hub_server.store import Hub


def unknown_call(path: str) -> None:
    raise HTTPException(404)  # and not the page of a repository named after a call


def problem_answer(request: Request, problem: HubProblem) -> Response:
    message = re.sub(r"[^\x20-\x7e]", "?", problem.message).strip()  # a header has one line of plain characters
    headers = {**problem.headers, "X-Error-Message": message}
    if problem.code:
        headers["X-Error-Code"] = problem.code
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/"):
        hint = "It does not exist, or it is private: these pages show public repositories only."
        text = hint if problem.code == "RepoNotFound" else problem.message
        answer: Response = html_page(
            "Not found" if problem.code else "Error", f"<p>{html.escape(text)}</p>", problem.status
        )
    else:
        answer = JSONResponse({"error": problem.message, **problem.body}, problem.status)
    answer.headers.update(headers)
    return answer


def unknown_address(request: Request, error: HTTPException) -> Response:
    parts = request.url.path.strip("/").split("/")
    repo_calls = ("", "revision", "tree", "commits", "paths-info", "preupload", "commit", "branch", "tag")
    of_a_repo = parts[0] == "api" and parts[1:2] and parts[1] in KINDS and (parts[3:] or [""])[0] in repo_calls
    if error.status_code == 404 and (of_a_repo or parts[1:2] == ["resolve"]):
        # A repository without a namespace, "gpt2", such as the local Hub never has.
        return problem_answer(request, HubProblem(404, "Repository not found", "RepoNotFound"))
    return problem_answer(request, HubProblem(error.status_code, "The local Hub does not serve this address"))


def invalid_request(request: Request, error: RequestValidationError) -> Response:
    first = error.errors()[0]
    where = " ".join(str(part) for part in first["loc"])
    return problem_answer(request, HubProblem(400, f"The request's {where} is not as expected: {first['msg']}"))


def make_app(hub: Hub, hosts: list[str]) -> Callable:
    """Return the ASGI application for a store, answering only requests addressed to ``hosts``."""
    app = FastAPI(openapi_url=None)
    app.state.hub = hub
    app.include_router(calls)
    app.add_api_route("/api/{path:rest}", unknown_call, methods=["GET", "HEAD", "POST", "PUT", "DELETE"])
    app.include_router(pages)
    app.exception_handler(HubProblem)(problem_answer)
    app.exception_handler(HTTPException)(unknown_address)
    app.exception_handler(RequestValidationError)(invalid_request)
    app.add_exception_handler(
        Exception, lambda request, error: problem_answer(request, HubProblem(500, "Internal error of the local Hub"))
    )
    # Without it a web page could reach this server under a name of its own that points here.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)

    async def application(scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        request_id = given if re.fullmatch(rb"[\w-]{1,128}", given) else uuid.uuid4().hex.encode()

        async def send_with_id(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                # Not uvicorn's date, which stands still while the machine is busy: clients compare it with events of a log.
                date = formatdate(usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date), (b"x-request-id", request_id)]
            await send(message)

        # Routes see the path still percent-encoded; their convertors decode each part.
        await app({**scope, "path": scope["raw_path"].decode("ascii", "replace")}, receive, send_with_id)

    return application
