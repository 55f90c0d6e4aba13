#!/usr/bin/env python3
"""Whether a prediction costs more the longer the chain that is asked for: degrees of polymerisation 18, 100 and 200 in turns.

    python scripts/benchmarks/degrees.py [--model starter] [--polymers 300] [--rounds 5]

Generated repeat units, most with fragments new to the model; CPU time of this process, which reads them by itself (fewer than
`polyid.inference.reader.FEWEST_POLYMERS`), networks, kernel regression, intervals and domain included.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

DEGREES = (18, 100, 200)
"""200 is the most that may be asked for."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="starter", help="folder, repo or starter (default)")
    parser.add_argument("--polymers", type=int, default=300, help="repeat units (default 300)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of all degrees (default 5)")
    arguments = parser.parse_args()

    from dataclasses import replace

    from benchmarks.measuring import load_average, spread
    from benchmarks.polymers import generated_units

    from polyid import MultiModel

    model = MultiModel.from_pretrained(arguments.model)
    units = generated_units(arguments.polymers * arguments.rounds * len(DEGREES))
    chain = model.chain
    model.predict(units[:20])
    seconds: dict[int, list[float]] = {degree: [] for degree in DEGREES}
    for turn in range(arguments.rounds):
        for place, degree in enumerate(DEGREES):
            # Units of its own, dealt in turn: what one degree has read is in a cache for none.
            own = units[turn * len(DEGREES) + place :: arguments.rounds * len(DEGREES)]
            model.chain = replace(chain, degree_of_polymerisation=degree)
            started = time.process_time()
            answers = model.predict(own)
            seconds[degree].append(1e3 * (time.process_time() - started) / len(own))
            if (problems := answers.to_frame()["error"].dropna()).any():
                raise RuntimeError(problems.iloc[0])
    print(f"{arguments.polymers} generated units a turn, model {arguments.model} ({load_average()})")
    shortest = sum(seconds[DEGREES[0]])
    for degree, found in seconds.items():
        print(
            f"degree {degree:>6}   {spread(found, 2)} ms of CPU a polymer, {sum(found) / shortest:.2f} times degree {DEGREES[0]}"
        )


if __name__ == "__main__":
    main()
