#!/usr/bin/env python3
"""How the inference Space answers under load: one visitor, many at once, a large table beside others, and models swapped meanwhile.

    python scripts/benchmarks/page_load.py                       # of the starter model, all parts
    python scripts/benchmarks/page_load.py --model MODEL --parts one many

The Space runs as it is deployed, in a process of its own, asked over plain HTTP on this machine by threads of this process, which
take their share of the cores. Every polymer is a generated repeat unit as large as those of public tables, asked once, so that
no answer comes from the cache, unless `--repeated` asks for it.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from benchmarks.measuring import load_average, verdict
from benchmarks.page_server import PageServer
from benchmarks.polymers import large_units

PARTS = ("one", "many", "memory", "table", "swaps")
POLYMERS = 40_000
CLIENTS = 50


class Client:
    """One who asks, over one connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        # As gradio_client does: a request without a session has Gradio build the state of a whole page.
        self.session = uuid.uuid4().hex
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, endpoint: str, *data: Any) -> Any:
        """The answer of an endpoint for programs."""
        body = json.dumps({"data": data, "session_hash": self.session})
        self.connection.request(
            "POST",
            f"/gradio_api/run/{endpoint}",
            body,
            {"Content-Type": "application/json", "Connection": "keep-alive"},
        )
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"HTTP {answer.status}: {content[:200]!r}")
        return json.loads(content)["data"][0]

    def predict(self, text: str) -> dict[str, Any]:
        """The answer for one polymer, which must have one."""
        answer = self.ask("predict", text, 0.9)
        (prediction,) = answer["predictions"]
        if prediction["error"] or not prediction["properties"]:
            raise RuntimeError(f"{text}: {prediction['error']}")
        return answer


class Crowd:
    """Clients that ask one polymer after another until they are told to stop."""

    def __init__(self, port: int, polymers: Iterator[str], clients: int, pause: float = 0.0) -> None:
        self.seconds: list[float] = []
        self.problems: list[str] = []
        self.said: list[tuple[str, str, dict[str, Any]]] = []
        self._polymers, self._lock, self._pause = polymers, threading.Lock(), pause
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(Client(port),)) for _ in range(clients)]

    def _ask(self, client: Client) -> None:
        while not self._stop.is_set():
            with self._lock:
                text = next(self._polymers)
            began = time.perf_counter()
            try:
                answer = client.predict(text)
                self.said.append((text, answer["model"]["finished"], answer["predictions"][0]["properties"][0]))
            except Exception as problem:
                self.problems.append(f"{type(problem).__name__}: {problem}")
                client.connection.close()
            self.seconds.append(time.perf_counter() - began)
            self._stop.wait(self._pause)

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def report(self, name: str, seconds: float, bar_ms: float) -> None:
        """Print what they got."""
        median, p99 = percentiles(self.seconds)
        print(
            f"  {name}: {len(self.seconds)} requests, {len(self.problems)} failed, {len(self.seconds) / seconds:.0f} polymers a "
            f"second, median {median:.0f} ms, p99 {p99:.0f} ms (bar {bar_ms:g}: {verdict(p99, bar_ms, False)})"
        )
        for problem in self.problems[:3]:
            print(f"    {problem}")


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """Median and 99th percentile in ms."""
    ordered = sorted(seconds)
    return 1e3 * statistics.median(ordered), 1e3 * ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


def one(server: PageServer, polymers: Iterator[str], arguments: argparse.Namespace) -> None:
    """One visitor, one polymer at a time."""
    client = Client(server.port)
    seconds: list[float] = []
    for text in itertools.islice(polymers, arguments.requests):
        began = time.perf_counter()
        client.predict(text)
        seconds.append(time.perf_counter() - began)
    median, p99 = percentiles(seconds)
    print(
        f"  one visitor, {len(seconds)} requests: median {median:.0f} ms (bar 30: {verdict(median, 30, False)}), "
        f"p99 {p99:.0f} ms (bar 100: {verdict(p99, 100, False)})"
    )


def many(server: PageServer, polymers: Iterator[str], arguments: argparse.Namespace) -> None:
    """Many at once."""
    with Crowd(server.port, polymers, arguments.clients) as crowd:
        time.sleep(arguments.seconds)
    crowd.report(f"{arguments.clients} clients for {arguments.seconds:g} s (bar 200 a second)", arguments.seconds, 500)


def memory(server: PageServer, polymers: Iterator[str], arguments: argparse.Namespace) -> None:
    """Memory over many requests, of which each polymer of some hundreds comes again and again."""
    repeated = itertools.cycle(list(itertools.islice(polymers, 300)))
    sizes = [server.resident_mib()]
    for _ in range(4):
        done = 0
        with Crowd(server.port, repeated, 16) as crowd:
            while done < arguments.memory_requests // 4:
                time.sleep(0.2)
                done = len(crowd.seconds)
        sizes.append(server.resident_mib())
    print(f"  memory over {arguments.memory_requests} requests: {', '.join(f'{size:.0f}' for size in sizes)} MiB")


def table(server: PageServer, polymers: Iterator[str], arguments: argparse.Namespace) -> None:
    """A large table by file, while others ask."""
    rows = list(itertools.islice(polymers, arguments.rows))
    with Crowd(server.port, polymers, 2, pause=0.2) as crowd:
        seconds = server.predict_table("smiles\n" + "\n".join(rows) + "\n")
    print(f"  a table of {len(rows)} rows: {seconds:.1f} s (bar 60 for 10,000: {verdict(seconds, 60, False)})")
    crowd.report("two others meanwhile", seconds, 300)


def swaps(server: PageServer, polymers: Iterator[str], arguments: argparse.Namespace) -> None:
    """Another model every few seconds, under load."""
    known = list(itertools.islice(polymers, 200))
    with Crowd(server.port, itertools.cycle(known), 8) as crowd:
        taken_up = sum(server.swap(Client(server.port).ask) for _ in range(arguments.swaps))
    values: dict[tuple[str, str], set[float]] = {}
    for text, finished, reading in crowd.said:
        values.setdefault((text, finished), set()).add(reading["value"])
    # What is asked together with others differs by the rounding of single precision.
    apart = max(max(found) - min(found) for found in values.values())
    print(
        f"  {taken_up} swaps: {len(crowd.seconds)} answers of {len({finished for _, finished in values})} models, "
        f"{len(crowd.problems)} failed; answers of one model to one polymer are at most {apart:.1g} apart, in the first property"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", type=Path, default=ROOT / "polyid" / "starter", help="a model folder (default: starter)"
    )
    parser.add_argument("--other", type=Path, help="the model to swap it with (default: a copy of it)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--requests", type=int, default=300, help="of the one visitor (default 300)")
    parser.add_argument("--clients", type=int, default=CLIENTS, help=f"of many at once (default {CLIENTS})")
    parser.add_argument("--seconds", type=float, default=60.0, help="of many at once (default 60)")
    parser.add_argument("--memory-requests", type=int, default=20_000, help="default 20,000")
    parser.add_argument("--rows", type=int, default=10_000, help="of the table (default 10,000)")
    parser.add_argument("--swaps", type=int, default=20, help="default 20")
    parser.add_argument("--repeated", action="store_true", help="ask the same few hundred polymers again and again")
    arguments = parser.parse_args()
    units = large_units(300 if arguments.repeated else POLYMERS)
    polymers = itertools.cycle(units)
    print(f"Inference Space with {arguments.model.name} ({load_average()})")
    parts: dict[str, Callable[[PageServer, Iterator[str], argparse.Namespace], None]] = {
        "one": one, "many": many, "memory": memory, "table": table, "swaps": swaps,
    }  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="page-load-"))
    try:
        with PageServer(arguments.model, arguments.other or arguments.model, folder) as server:
            print(f"  first answer {server.first_answer_ms:.0f} ms after the model was there (bar 1000)")
            for name in arguments.parts:
                parts[name](server, polymers, arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
