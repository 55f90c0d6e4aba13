"""The three tiers on one machine: a local Hub, a model trained and published there, and both Spaces.

``demo.py`` trains in the terminal, publishes, starts the Spaces and waits for Ctrl-C. ``demo.py --check`` presses the
trainer's own button instead, waits until the inference Space has taken up the model, and judges its predictions.
"""

from __future__ import annotations

import argparse
import math
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
DATA = TOP / "data" / "polymer_properties.csv"
USER = "demo"
REPO = f"{USER}/polyid-models"
TAG = "v1.0.0"
POLYMERS = {
    "Polystyrene": "*CC(*)c1ccccc1",
    "PET": "OCCO.O=C(O)c1ccc(C(=O)O)cc1",
    "Polyethylene": "*CC*",
    "PMMA": "*CC(*)(C)C(=O)OC",
}
POLYSTYRENE_TG, TOLERANCE = 100.0, 30.0
"""Glass transition of polystyrene in °C, and how far a prediction may be off."""

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
START_SECONDS = 120
TRAIN_SECONDS = 1800
MODEL_SECONDS = 120
LOG_SECONDS = 20
"""Between two lines of progress where the output is no terminal."""


class DemoError(Exception):
    """What went wrong, in one sentence."""


class Services:
    """Processes of the demo, each in a session of its own so that it ends with all its children."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.processes: dict[str, subprocess.Popen] = {}

    def start(self, name: str, command: list[str], **settings: str) -> None:
        """Start a process that writes to ``<name>.log`` in the demo's folder."""
        with open(self.log(name), "w") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *command],
                cwd=TOP,
                env={**self.environment, **settings},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, what: str, command: list[str], **settings: str) -> None:
        """Run a command of the command line to its end, in view of the user."""
        environment = {**self.environment, **settings}
        if code := subprocess.call([sys.executable, "-m", "polyid", *command], cwd=TOP, env=environment):
            raise DemoError(f"{what} failed with exit status {code}; its message is above.")

    def log(self, name: str) -> Path:
        return self.folder / f"{name.lower().replace(' ', '-')}.log"

    def check(self) -> None:
        """Raise when one of the processes has ended."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                last = "\n".join(self.log(name).read_text(errors="replace").splitlines()[-15:])
                raise DemoError(f"{name} ended with exit status {process.returncode}. The end of its log:\n{last}")

    def await_(self, what: str, seconds: float, ready: Callable[[], Any], every: float = 0.5) -> Any:
        """The first true answer of `ready`, while all processes live."""
        end = time.monotonic() + seconds
        while True:
            self.check()
            if answer := ready():
                return answer
            if time.monotonic() > end:
                raise DemoError(f"{what} took more than {seconds:g} s; see the logs in {self.folder}.")
            time.sleep(every)

    def stop(self) -> None:
        """End all processes, the last started first."""
        for process in reversed(self.processes.values()):
            _signal(process.pid, signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                _signal(process.pid, signal.SIGKILL)
                process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has ended already
        os.killpg(group, number)


@contextmanager
def three_tiers(folder: Path) -> Iterator[Services]:
    """A local Hub in `folder`, and an environment in which every part of the demo reaches it."""
    token = f"hf_{secrets.token_hex(16)}"
    environment = {
        **os.environ,
        "PYTHONPATH": str(TOP),
        "PYTHONUNBUFFERED": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",  # on machines without a GPU, level 2 reports its absence as an error
        # The user's own account and cache stay out of it.
        "HF_HOME": str(folder / "hf-home"),
        "HF_TOKEN": token,
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "POLYID_MODEL_REPO": REPO,
        "POLYID_RUNS": str(folder / "runs"),
    }
    for name in ("HF_HUB_OFFLINE", "HF_HUB_CACHE", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "GRADIO_SHARE", "SPACE_ID"):
        environment.pop(name, None)
    services = Services(folder, environment)
    try:
        port = free_port()
        command = ["--port", str(port), "--root", str(folder / "hub"), "--user", USER, "--token", token]
        services.start("Local Hub", ["scripts/local_hub.py", *command])
        environment["HF_ENDPOINT"] = f"http://127.0.0.1:{port}"
        services.await_("The local Hub's start", 60, lambda: answers(f"http://127.0.0.1:{port}/api/models"))
        yield services
    finally:
        # A second Ctrl-C must not leave half of it running.
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        services.stop()
        stop_training(folder / "runs")


def stop_training(runs_folder: Path) -> None:
    """End a training run: it is a process of its own that outlives the trainer Space."""
    sys.path.insert(0, str(TOP))
    from polyid import runs

    run = runs.latest(runs_folder)
    if run is not None and run.active:
        runs.cancel(run.folder)
        if run.pid is not None:
            _signal(run.pid, signal.SIGTERM)


def start_spaces(services: Services, port: int = 0) -> tuple[str, str]:
    """Start both Spaces, from a port on or on any two; returns their addresses once they answer."""
    addresses = []
    for name, folder in (("Trainer Space", "trainer_space"), ("Inference Space", "inference_space")):
        chosen = free_port(port)
        addresses.append(f"http://127.0.0.1:{chosen}")
        services.start(name, [f"{folder}/app.py"], GRADIO_SERVER_PORT=str(chosen))
        services.await_(f"The start of the {name}", START_SECONDS, partial(answers, addresses[-1]))
    return addresses[0], addresses[1]


def free_port(preferred: int = 0) -> int:
    """`preferred` or the next free port above it; any free port for 0."""
    for port in range(preferred, preferred + 100) if preferred else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise DemoError(f"No port from {preferred} to {preferred + 99} is free.")


def answers(url: str) -> bool:
    """Whether a server is there."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def show(folder: Path) -> None:
    """Train, publish, start both Spaces, and wait for Ctrl-C."""
    with three_tiers(folder) as services:
        model = folder / "model"
        if (model / "parameters.json").is_file():
            print(f"The model of an earlier demo is used; delete {model} to train it again.")
        else:
            print("Training the preset 'small' on the bundled data ...")
            services.run("Training", ["train", str(DATA), "--preset", "small", "--output", str(model), "--resume"])
        services.run("Publishing", ["publish", str(model), REPO], HF_HUB_DISABLE_PROGRESS_BARS="1")
        trainer, inference = start_spaces(services, 7860)
        print(f"\nTrainer Space     {trainer}\nInference Space   {inference}")
        print(f"Local Hub         {services.environment['HF_ENDPOINT']}, model repo {REPO}")
        print(f"Files and logs    {folder}\nCtrl-C stops everything.", flush=True)
        while True:
            services.check()
            time.sleep(1)


def check(folder: Path) -> None:
    """The same without a person, through the Spaces' own handlers."""
    from gradio_client import Client

    with three_tiers(folder) as services:
        trainer_url, inference_url = start_spaces(services)
        trainer = Client(trainer_url, verbose=False, analytics_enabled=False)
        inference = Client(inference_url, verbose=False, analytics_enabled=False)
        status = inference.predict(api_name="/health")
        if status["model"] is not None and not status["model"]["starter"]:
            raise DemoError(f"The inference Space claims to have a model before there is one: {status['sentence']}")
        print(f"Inference Space: {status['sentence']}")
        began = time.monotonic()
        _, answer = trainer.predict(data=DATA.stem, preset="small", repo_id=REPO, tag=TAG, api_name="/start_training")
        if not answer["ok"]:
            raise DemoError(f"The trainer Space refused to train: {answer['message']}")
        print(f"Trainer Space: {answer['message']}")
        run = await_run(services, trainer)
        print(f"Trained and published in {time.monotonic() - began:.0f} s: {run['commit_url']}")

        def loaded() -> dict[str, Any] | None:
            made = inference.predict(api_name="/health")["model"]
            return made if made and made["commit"] == run["commit"] else None

        made = services.await_("Loading the model in the inference Space", MODEL_SECONDS, loaded, every=1)
        print(f"Inference Space: answers with {made['repo_id']}, commit {made['commit'][:8]}, tag {made['tag']}")
        judge(inference.predict("\n".join(POLYMERS.values()), api_name="/predict"), run["commit"])


def await_run(services: Services, trainer: Any) -> dict[str, Any]:
    """Follow the trainer's run to its end; returns its summary."""
    said = -math.inf

    def finished() -> dict[str, Any] | None:
        nonlocal said
        run = trainer.predict(api_name="/run_status")
        line = run.get("line") or run["state"]
        if sys.stdout.isatty():
            print(f"\r\033[K{line}", end="", flush=True)
        elif time.monotonic() - said > LOG_SECONDS:
            print(line, flush=True)
            said = time.monotonic()
        return None if run["active"] else run

    run = services.await_("Training", TRAIN_SECONDS, finished, every=2)
    if sys.stdout.isatty():
        print()
    if run["state"] != "done":
        raise DemoError(f"The training run ended as {run['state']}: {run.get('error') or run.get('line')}")
    return run


def judge(answer: dict[str, Any], commit: str) -> None:
    """Print the predictions; raise when one is missing or polystyrene's glass transition is off."""
    if answer["model"]["commit"] != commit:
        raise DemoError(f"The answer came from commit {answer['model']['commit']}, not from {commit}.")
    polystyrene = None
    for (name, smiles), found in zip(POLYMERS.items(), answer["predictions"], strict=True):
        if found["error"]:
            raise DemoError(f"{name} ({smiles}) was not predicted: {found['error']}")
        print(f"\n{name}  {smiles}")
        for entry in found["properties"]:
            if entry["value"] is None or entry["std"] is None:
                raise DemoError(f"{name} has no number for {entry['label']}.")
            print(f"  {entry['label']:<32}{entry['value']:>10.4g} ± {entry['std']:<8.3g} {entry['unit'] or ''}")
            if name == "Polystyrene" and entry["name"] == "Glass_Transition":
                polystyrene = entry["value"]
    if polystyrene is None or abs(polystyrene - POLYSTYRENE_TG) > TOLERANCE:
        raise DemoError(
            f"Polystyrene's glass transition is predicted as {polystyrene} °C; "
            f"it should be within {TOLERANCE:g} °C of {POLYSTYRENE_TG:g} °C."
        )
    print(f"\nPolystyrene's glass transition is within {TOLERANCE:g} °C of {POLYSTYRENE_TG:g} °C. All is well.")


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo.sh", description="The three tiers on this machine.")
    parser.add_argument("--check", action="store_true", help="do everything without a person, and judge the result")
    options = parser.parse_args()

    def interrupted(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    # SIGINT too: a shell that runs this in the background leaves it ignored.
    for number in STOPPING:
        signal.signal(number, interrupted)
    # Each check starts from nothing; the demonstration keeps its model between starts.
    folder = Path(tempfile.mkdtemp(prefix="polyid-demo-")) if options.check else TOP / "runs" / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        check(folder) if options.check else show(folder)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130 if options.check else 0
    except DemoError as problem:
        print(f"\ndemo: {problem}\nThe logs are in {folder}.", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    print(f"Done in {time.monotonic() - began:.0f} s, installation not counted.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
