"""The inference Space as a process of its own, in front of a model folder that can be swapped, and its parts that only a page asks."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

APP = Path(__file__).resolve().parents[2] / "inference_space" / "app.py"
MANIFEST = "parameters.json"
START_SECONDS = 300
POLL_SECONDS = "1"


class PageServer:
    """The Space at work, from `__enter__` to `__exit__`.

    Attributes
    ----------
    port : int
    first_answer_ms : float
        From when the page said that its model was there to the end of the first prediction.
    """

    def __init__(self, model: Path, other: Path, folder: Path) -> None:
        self._models = [_copy(model, folder / "one", "first"), _copy(other, folder / "two", "second")]
        self._current, self._at = folder / "current", 0
        self._current.symlink_to(self._models[0])
        self._log = folder / "log.txt"
        self.port, self.first_answer_ms = 0, 0.0

    def __enter__(self) -> PageServer:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        environment = {
            **os.environ,
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(self.port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "POLYID_MODEL_REPO": str(self._current),
            "POLYID_POLL_SECONDS": POLL_SECONDS,
        }
        with open(self._log, "w") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(APP)], stdout=log, stderr=log, env=environment, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while self._phase() != "ready":
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The Space did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.05)
        began = time.perf_counter()
        self._post("run/predict", {"data": ["*CCCCCCO*", 0.9]})
        self.first_answer_ms = 1e3 * (time.perf_counter() - began)
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        self._process.wait(60)

    def resident_mib(self) -> float:
        """Memory of the process now."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def swap(self, ask: Callable[..., Any]) -> bool:
        """Put the other model in the place of the present one, and wait until it answers."""
        self._at = 1 - self._at
        new = self._current.with_name("new")
        new.symlink_to(self._models[self._at])
        new.replace(self._current)
        expected = ("first", "second")[self._at]
        deadline = time.monotonic() + 120
        while ask("health")["model"]["finished"] != expected:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def predict_table(self, text: str) -> float:
        """Seconds that a file takes under Many polymers, asked as the page asks."""
        config = json.loads(self._get("config"))
        (button,) = (part["id"] for part in config["components"] if part["props"].get("elem_id") == "predict-table")
        (step,) = (step for step in config["dependencies"] if [button, "click"] in step["targets"])
        level = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == "level")
        file = {"path": self._upload(text), "orig_name": "table.csv", "meta": {"_type": "gradio.FileData"}}
        first, pasted, *others = step["inputs"]
        del first, pasted
        data = [file, "", *(0.9 if other == level else "" for other in others)]
        session = uuid.uuid4().hex
        began = time.perf_counter()
        self._post("queue/join", {"data": data, "fn_index": step["id"], "session_hash": session})
        for message in self._messages(session):
            if message["msg"] == "process_completed":
                if not message["success"]:
                    raise RuntimeError(f"The table was not answered: {message}")
                return time.perf_counter() - began
        raise RuntimeError("The table was not answered")

    def _phase(self) -> str:
        try:
            return self._post("run/health", {"data": []})["data"][0]["phase"]
        except (OSError, KeyError, http.client.HTTPException):
            return ""

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        connection = self._connection()
        connection.request("POST", f"/gradio_api/{path}", json.dumps(body), {"Content-Type": "application/json"})
        return json.loads(connection.getresponse().read())

    def _get(self, path: str) -> bytes:
        connection = self._connection()
        connection.request("GET", f"/{path}")
        return connection.getresponse().read()

    def _upload(self, text: str) -> str:
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="table.csv"\r\nContent-Type: text/csv\r\n\r\n'
        connection = self._connection()
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        connection.request("POST", "/gradio_api/upload", f"{head}{text}\r\n--{mark}--\r\n".encode(), kind)
        return json.loads(connection.getresponse().read())[0]

    def _messages(self, session: str) -> Iterator[dict[str, Any]]:
        connection = self._connection()
        connection.request("GET", f"/gradio_api/queue/data?session_hash={session}")
        for line in connection.getresponse():
            if line.startswith(b"data: "):
                yield json.loads(line[6:])


def _copy(model: Path, folder: Path, finished: str) -> Path:
    """A copy of a model that says of itself which it is."""
    shutil.copytree(model, folder)
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    manifest["training"]["finished"] = finished
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    return folder
