"""Workers that are killed lose no row and repeat none: by processes here, and by Ray's."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers.paths import TESTS, program_environment

from polyid.screening.parts import Parts

MODEL = TESTS / "fixtures" / "bundles" / "v3" / "model"
ROWS, CHUNK = 600, 20
UNITS = ("*CC*", "*CC(*)C", "*CCO*", "*CC(*)Cl")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "units.parquet"
    texts = [f"*{'C' * (1 + i % 30)}{unit[1:]}" for i in range(ROWS // len(UNITS)) for unit in UNITS]
    pq.write_table(pa.table({"id": range(len(texts)), "smiles": texts}), path)
    return path


@pytest.fixture(scope="module")
def undisturbed(source, tmp_path_factory):
    output = tmp_path_factory.mktemp("whole") / "out.parquet"
    subprocess.run([*words(source, output), "--workers", "1"], check=True, env=program_environment())
    return pq.read_table(output)


def words(source, output):
    screen = [sys.executable, "-m", "polyid", "screen", str(source), "--model", str(MODEL), "--output", str(output)]
    return [*screen, "--chunk", str(CHUNK)]


class Killer(threading.Thread):
    """Kills a process that answers chunks whenever as many more parts are there, some times."""

    def __init__(self, process: psutil.Popen, output, mark: str, times: int) -> None:
        super().__init__(daemon=True)
        self.killed: list[int] = []
        self._process, self._parts, self._mark, self._times = process, Parts(f"{output}.parts"), mark, times

    def run(self) -> None:
        goal = 3
        while self._process.poll() is None and len(self.killed) < self._times:
            time.sleep(0.05)
            if len(self._parts.done()) < goal:
                continue
            at_work = [one for one in psutil.process_iter() if self._is_worker(one)]
            if at_work:
                os.kill(at_work[0].pid, signal.SIGKILL)
                self.killed.append(at_work[0].pid)
                goal = len(self._parts.done()) + 3

    def _is_worker(self, one: psutil.Process) -> bool:
        try:
            is_ours = self._process.pid in [parent.pid for parent in one.parents()]
            return is_ours and self._mark in " ".join(one.cmdline()) and one.cpu_times().user > 1.5
        except psutil.Error:
            return False


def killed_at_work(source, output, mark, times, *options):
    # A busy machine takes longer to start Ray than Ray waits for.
    environment = program_environment(RAY_raylet_start_wait_time_s="300", RAY_worker_niceness="0")
    with psutil.Popen([*words(source, output), *options], env=environment) as process:
        killer = Killer(process, output, mark, times)
        killer.start()
        assert process.wait(900) == 0
    assert len(killer.killed) == times
    return pq.read_table(output)


@pytest.mark.exhaustive
def test_a_process_that_is_killed_twice_changes_nothing(source, undisturbed, tmp_path):
    table = killed_at_work(source, tmp_path / "out.parquet", "spawn_main", 2, "--workers", "2")
    assert table["id"].to_pylist() == list(range(ROWS))
    assert table.equals(undisturbed)


@pytest.mark.exhaustive
@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
def test_a_ray_worker_that_is_killed_twice_changes_nothing(source, undisturbed, tmp_path):
    table = killed_at_work(source, tmp_path / "out.parquet", "RayWorker", 2, "--ray", "local", "--workers", "2")
    assert table["id"].to_pylist() == list(range(ROWS))
    assert table.equals(undisturbed)


@pytest.mark.exhaustive
def test_ctrl_c_keeps_what_is_done_and_leaves_nobody_at_work(source, undisturbed, tmp_path):
    output = tmp_path / "out.parquet"
    command = [*words(source, output), "--workers", "2"]
    # What runs tests in the background may have had SIGINT ignored, which processes inherit.
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with psutil.Popen(command, env=program_environment(), stderr=subprocess.PIPE, **heard) as process:
        while len(Parts(f"{output}.parts").done()) < 3:
            time.sleep(0.05)
        others = process.children(recursive=True)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1].decode()
        assert process.returncode == 130 and "the same command goes on" in said and "Traceback" not in said
    # The one that keeps the processes' books ends by itself, a moment later.
    psutil.wait_procs(others, 20)
    assert not [one for one in others if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    subprocess.run([*words(source, output), "--workers", "2"], check=True, env=program_environment())
    assert pq.read_table(output).equals(undisturbed)
