"""The command line of the local Hub."""

import argparse
import ipaddress
import socket
from pathlib import Path

import uvicorn

from hub_server.app import make_app
from hub_server.names import NAME, RESERVED
from hub_server.store import Account, Hub

DEFAULT_USER = "demo"
DEFAULT_TOKEN = "hf_local_demo_token"


def account_argument(text: str) -> tuple[str, Account]:
    parts = text.split(":")
    name, token, role, groups = [*parts, *("", "", "write", "")[len(parts) :]][:4]
    permissions = tuple(role.split(",")) if "." in role else ()
    members = tuple(filter(None, groups.split(",")))
    known = role in ("read", "write") or permissions
    if not all(map(NAME.fullmatch, (name, *members))) or name in RESERVED or not token or not known:
        raise argparse.ArgumentTypeError(
            "give an account as NAME:TOKEN, NAME:TOKEN:read, NAME:TOKEN:repo.content.read,repo.write or NAME:TOKEN:write:ORGANISATION"
        )
    return token, Account(name, "fineGrained" if permissions else role, permissions, members)


def main() -> None:
    parser = argparse.ArgumentParser(description="A small Hugging Face Hub on this machine.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port, 0 for any free one (default: %(default)s)")
    parser.add_argument("--root", type=Path, default=Path("local-hub"), help="folder to keep everything in")
    parser.add_argument("--user", default=DEFAULT_USER, help="user name (default: %(default)s)")
    parser.add_argument("--token", default=DEFAULT_TOKEN, help="the user's token (default: one for demonstrations)")
    parser.add_argument(
        "--account",
        type=account_argument,
        action="append",
        default=[],
        metavar="NAME:TOKEN[:ROLE[:ORGANISATIONS]]",
        help="one more",
    )
    parser.add_argument(
        "--allow-remote", action="store_true", help="listen on an address that other machines can reach (unencrypted)"
    )
    arguments = parser.parse_args()
    host = "127.0.0.1" if arguments.host == "localhost" else arguments.host
    try:
        loopback = ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        parser.error(f"--host must be an IPv4 address or localhost, not {host!r}")
    if not loopback and not arguments.allow_remote:
        parser.error(f"{host} can be reached from other machines: add --allow-remote if that is what you want")
    accounts = dict([account_argument(f"{arguments.user}:{arguments.token}"), *arguments.account])
    # Named as TCP, so that asyncio turns off Nagle's delay, which would add 40 ms to every answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, arguments.port))
    except OSError as error:
        parser.error(f"can't listen on {host}:{arguments.port} ({error.strerror}): choose another --port, or 0")
    hub = Hub(arguments.root.expanduser().resolve(), accounts)
    hosts = ["127.0.0.1", "localhost", host] if loopback else ["*"]
    listener.listen(128)
    print(f"Local Hub listening on http://{host}:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(make_app(hub, hosts), log_level="warning", date_header=False, timeout_graceful_shutdown=3)
    uvicorn.Server(config).run(sockets=[listener])
