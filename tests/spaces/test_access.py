"""Who may train, watch and publish: asked of the server at every handler, by real requests with and without a login."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager

import gradio as gr
import itsdangerous
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from helpers.local_hub import running_local_hub
from helpers.paths import TOP

from polyid import runs
from polyid.errors import HubError, TrainingError
from polyid.hub.destination import check_destination

SPACE = TOP / "trainer_space"
sys.path.insert(0, str(SPACE))

import access
import training_page

ACCOUNTS = {
    "bob": "hf_bob_token_for_tests:write:chemists",
    "carl": "hf_carl_token_for_tests",
    "dora": "hf_dora_token_for_tests:repo.content.read",
    "erna": "hf_erna_token_for_tests:read",
}
SECRET = "a client's secret"
SPACE_VARIABLES = {
    "SYSTEM": "spaces",
    "SPACE_ID": "ada/trainer",
    "SPACE_AUTHOR_NAME": "ada",
    "OAUTH_CLIENT_ID": "client",
    "OAUTH_CLIENT_SECRET": SECRET,
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    options = [word for name, rest in ACCOUNTS.items() for word in ("--account", f"{name}:{rest}")]
    with running_local_hub(tmp_path_factory.mktemp("hub") / "root", *options) as hub:
        yield hub


def profile(name: str, *groups: str, role: str = "write") -> gr.OAuthProfile:
    orgs = [{"preferred_username": group, "roleInOrg": role} for group in groups]
    about = {"name": name, "preferred_username": name, "profile": "", "picture": "", "orgs": orgs}
    return gr.OAuthProfile(about)


def request(host: str = "127.0.0.1", asked: str = "127.0.0.1:7860", **headers: str) -> gr.Request:
    class Client:
        pass

    client = Client()
    client.host = host
    made = gr.Request()
    made.kwargs = {"client": client, "headers": {"host": asked, **headers}}
    return made


TOKEN = gr.OAuthToken("oauth-token", "openid profile manage-repos", int(time.time()) + 1000)


@pytest.mark.parametrize(
    ("who", "train", "watch"),
    [
        (profile("Ada"), True, True),
        (profile("bob"), False, False),
        (profile("bob", "chemists"), True, True),
        (profile("bob", "chemists", role="read"), False, False),
        (profile("carl"), True, True),
        (profile("dora"), False, True),
        (None, False, False),
    ],
)
def test_owner_list_and_organisations_decide(monkeypatch, who, train, watch):
    for name, value in SPACE_VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POLYID_MAY_TRAIN", "Carl, chemists")
    monkeypatch.setenv("POLYID_MAY_WATCH", "dora")
    visitor = access.visitor_of(who, TOKEN if who else None, request())
    for action, expected in ((access.TRAIN, train), (access.WATCH, watch)):
        called = access.guarded(lambda: ["done", ""], action)(who, TOKEN if who else None, request())
        assert (called[0] == "done") is expected
        if not expected:
            with pytest.raises(TrainingError, match=r"may not|who you are|Log in"):
                access.check(visitor, action)
            assert 'role="alert"' in called[0]
    monkeypatch.setenv("POLYID_MAY_WATCH", "everyone")
    access.check(visitor, access.WATCH)


@pytest.mark.parametrize(
    ("asks", "may"),
    [
        (request(), True),
        (request("::1", "[::1]:7860"), True),
        (request("127.0.0.1", "localhost:7860"), True),
        (request("192.168.1.7", "127.0.0.1:7860"), False),
        (request("127.0.0.1", "abc.gradio.live"), False),
        (request("127.0.0.1", "evil.example:7860"), False),
        (None, False),
        ("a value where the request should be", False),
    ],
)
def test_on_a_machine_of_one_s_own_only_who_sits_at_it_may(monkeypatch, asks, may):
    monkeypatch.delenv("SPACE_ID", raising=False)
    answer = access.guarded(lambda: "done", outputs=1)(None, None, asks)
    assert (answer == "done") is may


def test_a_login_publishes_with_its_own_token_and_the_owner_may_use_the_space_s(monkeypatch):
    for name, value in SPACE_VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_space")
    poor = gr.OAuthToken("poor", "openid profile", 0)
    for who, oauth, token in ((profile("ada"), TOKEN, "oauth-token"), (profile("ada"), poor, "hf_of_the_space")):
        with access.visiting(access.visitor_of(who, oauth, request())):
            assert access.token() == token
    with access.visiting(access.visitor_of(profile("bob"), TOKEN, request())):
        assert access.token() == "oauth-token"
    with (
        access.visiting(access.visitor_of(profile("bob"), poor, request())),
        pytest.raises(TrainingError, match="lacks the permission manage-repos"),
    ):
        access.token()


def test_a_fine_grained_token_is_told_what_it_lacks(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
    with pytest.raises(HubError, match=r"lacks the permission repo.write for dora: .*settings/tokens"):
        check_destination("dora/models", None, None, None, ACCOUNTS["dora"].partition(":")[0])
    check_destination("chemists/models", None, None, None, ACCOUNTS["bob"].partition(":")[0])


def test_a_refusal_to_watch_is_said_once_a_visit(monkeypatch):
    """A notice that comes anew every second is read out every second."""
    for name, value in SPACE_VARIABLES.items():
        monkeypatch.setenv(name, value)
    watch = access.guarded(lambda seen: ["all", seen, ""], access.WATCH, outputs=3, said_at=1, once=True)
    seen, said, _ = watch(None, None, request(), "")
    assert "Log in" in said
    assert watch(None, None, request(), seen) == [gr.skip()] * 3
    assert watch(profile("ada"), TOKEN, request(), "")[0] == "all"


def test_every_handler_of_the_page_asks_who_it_is(tmp_path, monkeypatch):
    """Those that don't are listed here: they read nothing but their arguments."""
    monkeypatch.setenv("POLYID_RUNS", str(tmp_path))
    pure = {"preset_settings", "check_numbers", "ask_cancel", "asked_cancel", "<lambda>", "apply"}
    page = training_page.build()
    free = {fn.fn.__name__ for fn in page.fns.values() if fn.fn is not None and not hasattr(fn.fn, "guarded_action")}
    assert free <= pure
    assert len([fn for fn in page.fns.values() if getattr(fn.fn, "guarded_action", None) == access.TRAIN]) > 15


@contextmanager
def space(hub, place, **variables):
    """The page as a Space runs it, with the environment of one that people log in to."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.endpoint,
        "HF_TOKEN": hub.token,
        "POLYID_RUNS": str(place / "runs"),
        "GRADIO_SERVER_NAME": "127.0.0.1",
        **SPACE_VARIABLES,
        "OAUTH_SCOPES": "openid profile manage-repos",
        "OPENID_PROVIDER_URL": hub.endpoint,
        **variables,
    }
    program = (
        "import sys, runpy; sys.path.insert(0, sys.argv[1])\n"
        "module = runpy.run_path(sys.argv[1] + '/app.py', run_name='page')\n"
        "_, url, _ = module['build']().launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)\n"
        "print('ADDRESS', url, flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(SPACE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        cwd=place,
    )
    address = next(line.split()[1] for line in process.stdout if line.startswith("ADDRESS"))
    yield address
    process.stdin.close()
    process.terminate()
    process.wait(120)
    process.stdout.close()


def logged_in(who: gr.OAuthProfile, secret: str = SECRET) -> dict[str, str]:
    """The cookie of a login, as the Space's session signs it."""
    info = {
        "access_token": ACCOUNTS["carl"],
        "scope": "openid profile manage-repos",
        "expires_at": int(time.time()) + 1000,
        "userinfo": dict(who),
    }
    signer = itsdangerous.TimestampSigner(hashlib.sha256(f"{secret}-v4".encode()).hexdigest())
    return {"cookie": f"session={signer.sign(base64.b64encode(json.dumps({'oauth_info': info}).encode())).decode()}"}


def refusal_of(said: str) -> bool:
    return "Log in with your Hugging Face account" in said


def test_requests_are_answered_by_who_sends_them(hub, tmp_path):
    """No login, a forged one, one that is not named, one that is; and programs that send their own token."""

    def client(address, token=None, headers=None):
        return Client(address, token=token, headers=headers, verbose=False, analytics_enabled=False)

    with space(hub, tmp_path, POLYID_MAY_TRAIN="carl,chemists") as address:
        strangers = {
            "nobody": client(address),
            "forged": client(address, headers=logged_in(profile("ada"), "another secret")),
            "not named": client(address, headers=logged_in(profile("dora"))),
            "a token that may only read": client(address, token=ACCOUNTS["erna"].partition(":")[0]),
        }
        for who, stranger in strangers.items():
            refusal = "dora may not train on" if who == "not named" else "Log in with your Hugging Face account"
            _, answer = stranger.predict(api_name="/start_training")
            assert answer["ok"] is False and refusal in answer["message"], who
            with pytest.raises(AppError, match=r"Log in|may not"):
                stranger.predict(api_name="/run_status")
        assert refusal_of(strangers["nobody"].predict("any", api_name="/delete_run")[0])
        assert refusal_of(strangers["nobody"].predict(api_name="/choose_data")[1])
        assert runs.every(tmp_path / "runs") == []
        for named in (
            client(address, headers=logged_in(profile("carl"))),
            client(address, token=ACCOUNTS["bob"].partition(":")[0]),
            client(address, token=hub.token),
        ):
            assert named.predict(api_name="/run_status")["state"] == "none"
        carl = client(address, headers=logged_in(profile("carl")))
        answer = carl.predict(repo_id="ada/polyid-models", api_name="/start_training")[1]
        assert "belongs to carl, which can't write to ada/polyid-models" in answer["message"], (
            "not by the Space's token"
        )
    assert ACCOUNTS["carl"] not in "".join(path.read_text("utf-8", "ignore") for path in tmp_path.rglob("*.txt"))
