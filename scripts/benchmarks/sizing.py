#!/usr/bin/env python3
"""Hours and money that a screen of a million to a hundred million polymers takes, from CPU times measured here and listed prices.

    python scripts/benchmarks/sizing.py                                     # the table, on standard output
    python scripts/benchmarks/sizing.py --write docs/pages/screening.md     # and between its marks in the page

CPU times are those of one process, so that another program on the same machine hardly changes them. What is not measured is marked
as an estimate: other machines' cores are taken for as fast as these, and to work beside one another without loss; on a GPU the
networks take a part of their time that `polyid/estimate/hardware.toml` guesses, and all else stays with the machine's cores.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from benchmarks.checkouts import at_work
from benchmarks.measuring import load_average
from benchmarks.polymers import large_units

from polyid.bundle.layout import STARTER
from polyid.estimate.hardware import HARDWARE, READ_ON

SIZES = (10**6, 10**7, 10**8)
BEGIN, END = "<!-- sizing -->", "<!-- /sizing -->"
GPU, GPU_CORES = "a10g", 4
"""The GPU of the table, and the cores of the machine that it is rented with (https://huggingface.co/docs/hub/spaces-gpus)."""


@dataclass(frozen=True)
class Machine:
    """A row of the table: `cores` at `dollars_an_hour`, and how many times as fast a GPU asks the networks; 0 without one."""

    label: str
    cores: int
    dollars_an_hour: float
    times: float = 0.0
    is_estimate: bool = True

    def seconds(self, total: float, networks: float) -> float:
        """Of wall time a polymer, of CPU seconds in all and in the networks; GPU and cores work beside one another."""
        if not self.times:
            return total / self.cores
        # HARDWARE says how many times as fast as two cores a GPU is.
        return max((total - networks) / self.cores, networks / (2 * self.times))


def machines() -> list[Machine]:
    """Those of the table; larger ones of cores alone are several of the largest that has a price."""
    eight = HARDWARE["cpu-upgrade"]
    return [
        Machine("2 cores (one's own, or a free Space)", 2, HARDWARE["cpu-basic"].dollars_an_hour, is_estimate=False),
        Machine("16 cores (2 × CPU upgrade)", 16, 2 * eight.dollars_an_hour),
        Machine(
            f"one {HARDWARE[GPU].label} with {GPU_CORES} cores",
            GPU_CORES,
            HARDWARE[GPU].dollars_an_hour,
            HARDWARE[GPU].times,
        ),
        Machine("64-core cluster (8 × CPU upgrade, Ray)", 64, 8 * eight.dollars_an_hour),
    ]


def measure(model: Path, polymers: int, rounds: int) -> tuple[float, float]:
    """CPU seconds a polymer: of all that a prediction takes, and of networks and kernels."""
    units = large_units(polymers * (rounds + 1))
    totals, answers = [], []
    with at_work([ROOT], "stages") as (worker,):
        worker.ask(model=str(model.resolve()))
        worker.ask(smiles=units[:polymers], alone=True)
        for turn in range(1, rounds + 1):
            cpu = worker.ask(smiles=units[turn * polymers : (turn + 1) * polymers], alone=True)["cpu"]
            totals.append(cpu["all"])
            answers.append(cpu["answers"])
    return statistics.median(totals), min(statistics.median(answers), statistics.median(totals))


def said(hours: float) -> str:
    """A time as people say it."""
    if hours < 1:
        return f"{60 * hours:.0f} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} d"


def table(total: float, networks: float) -> str:
    """The table, in Markdown."""
    lines = [
        "| | polymers a second | " + " | ".join(f"10{exponent(size)}" for size in SIZES) + " |",
        "| --- | ---: | " + "---: | " * len(SIZES),
    ]
    for machine in machines():
        seconds = machine.seconds(total, networks)
        hours = [size * seconds / 3600 for size in SIZES]
        cells = [f"{said(hour)}, {hour * machine.dollars_an_hour:.2f} $" for hour in hours]
        mark = " *(estimate)*" if machine.is_estimate else ""
        lines.append(f"| {machine.label}{mark} | {1 / seconds:,.0f} | " + " | ".join(cells) + " |")
    lines.append("")
    lines.append(
        f"Measured: {1e3 * total:.1f} ms of CPU time a polymer, of which networks and kernels take {1e3 * networks:.1f} ms, by `python "
        f"scripts/benchmarks/sizing.py --write docs/pages/screening.md` with the starter model and generated units as large as a "
        f"public table's ({load_average()}; other work on the machine makes CPU times longer, not shorter). All else "
        f"follows from that by division. Prices are those of {READ_ON}, in `polyid/estimate/hardware.toml`; a free Space may sleep."
    )
    return "\n".join(lines)


def exponent(size: int) -> str:
    """The power of ten of a size, as a superscript."""
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(len(str(size)) - 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=STARTER, help="model folder (default: the starter model)")
    parser.add_argument("--polymers", type=int, default=800, help="a round, 900 at most (default 800)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--write", type=Path, metavar="PAGE", help=f"put the table between {BEGIN} and {END} of a page")
    arguments = parser.parse_args()
    made = table(*measure(arguments.model, min(arguments.polymers, 900), arguments.rounds))
    print(made)
    if arguments.write is not None:
        page = arguments.write.read_text("utf-8")
        marked = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
        arguments.write.write_text(marked.sub(lambda _: f"{BEGIN}\n{made}\n{END}", page), "utf-8")


if __name__ == "__main__":
    main()
