#!/usr/bin/env python3
"""Whether any text makes the reading of polymers raise something else than `PolymerError`, take long or hold much memory.

    python scripts/studies/fuzz_smiles.py [--texts 20000] [--seed 0] [--seconds 1] [--megabytes 500]

Texts are made by grammars (SMILES of atoms, bonds, branches and rings that may or may not close; cages; BigSMILES; weighted
graphs; names) and by changing listed repeat units, InChI and mol blocks mark by mark. They are read in another process, which
is ended where it takes more than twenty times as long as it may. The exit status is 1 where a limit was passed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from rdkit import Chem, rdBase

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

from studies.same_polymer import listed_units

from polyid.chemistry.forms import recognise_form
from polyid.chemistry.identity import polymer_identity
from polyid.chemistry.oligomer import read_polymer
from polyid.errors import PolymerError

ATOMS = [
    "C",
    "C",
    "C",
    "C",
    "N",
    "O",
    "S",
    "P",
    "F",
    "c",
    "c",
    "n",
    "o",
    "s",
    "[nH]",
    "*",
    "*",
    "[*]",
    "[*:1]",
    "[*:2]",
    "[1*]",
    "Cl",
    "Br",
    "I",
    "[Si]",
    "[C@H]",
    "[C@@H]",
    "[C@@]",
    "[N+]",
    "[O-]",
    "B",
    "[Se]",
    "[CH2]",
    "[2H]",
    "[Na+]",
    "[R1]",
    "[e]",
    "[t]",
    "[At]",
    "[Ce]",
    "[Th]",
    "Si",
    "H",
    "[H]",
    "[13C]",
    "[CH]",
    "[C-]",
    "[n+]",
    "b",
    "p",
    "[Fe]",
    "[*+]",
    "[*H]",
    "[#6]",
    "[C",
]
BONDS = ["", "", "", "", "", "=", "#", "-", ":", "~", "/", "\\", ".", "$", "->", "<-"]
MARKS = [
    *"*()[]{}=#-:~/\\.$%|<>@+0123456789CNOPScnospFIBrl ,;'\"\t\n\0",
    "é",
    "∗",
    "–",
    "\ud800",
    "\u200b",
    "😀",
    "[*]",
    "[$]",
    "[>]",
]
WORDS = [
    "poly",
    "ethylene",
    "styrene",
    "methyl",
    "(acryl)",
    "ate",
    "nylon",
    "6",
    "-",
    "co",
    "-b-",
    "amide",
    "ether",
    "ox",
    "ide",
    "vinyl",
    "4,4'",
    "PMMA",
    "PS",
    "(",
    ")",
    "[",
    "]",
    "N",
    ",",
    "1",
]


def grammar(draw: random.Random) -> str:
    """A SMILES whose branches close, and whose rings mostly do."""
    text, depth = "", 0
    rings: list[int] = []
    for _ in range(draw.choice((3, 8, 20, 60, 200))):
        text += draw.choice(ATOMS)
        if draw.random() < 0.2:
            if rings and draw.random() < 0.6:
                number = rings.pop(draw.randrange(len(rings)))
            else:
                number = len(rings) + 1
                rings.append(number)
            text += str(number) if number < 10 else f"%{number}"
        if draw.random() < 0.2:
            text, depth = text + "(", depth + 1
        elif depth and draw.random() < 0.3:
            text, depth = text + ")", depth - 1
        text += draw.choice(BONDS)
    return text + "C" + ")" * (depth if draw.random() < 0.9 else 0)


PIECES = [
    "C",
    "O",
    "S",
    "N(C)",
    "C(C)",
    "C(C)(C)",
    "C(F)(F)",
    "C(=O)",
    "c1ccc(cc1)",
    "c1cccc(c1)",
    "C1CCC(CC1)",
    "[Si](C)(C)",
    "C=C",
    "S(=O)(=O)",
    "C(C#N)",
    "/C=C/",
    "/C=C\\",
    "[C@H](C)",
    "[C@@](F)(Cl)",
    "c1ccc2cc(ccc2c1)",
    "C(=O)N",
    "C(=O)O",
    "N1C(=O)c2cc3c(cc2C1=O)C(=O)N(C3=O)",
    "C1CC1",
    "C12CC(CC1)CC2",
    "P(=O)(OC)",
    "[Se]",
    "C#C",
]
ENDS = ["*", "*", "*", "*", "O", "N", "C=C", "OC(=O)", "N=C=O", "C1CO1", ""]
RINGS = [
    "*{}c1cc2{}cc1{}*",
    "*c1c(C)c2{}cc1{}*",
    "*{}c1cc2c(cc1*)C1(CC2)CCc2cc(*){}c(*)cc21",
    "*Oc1cc2cc(*)c(*)c{}c2cc1O*",
]


def chain(draw: random.Random) -> str:
    """What a chemist might write: a unit, an oligomer, monomers or a ladder of pieces that fit each other."""

    def pieces(most: int) -> str:
        return "".join(draw.choices(PIECES, k=draw.randrange(most)))

    match draw.randrange(8):
        case 0:
            return draw.choice(RINGS).format(*(draw.choice(("", "C(C)", "c(C)c", "C(=O)")) for _ in range(3)))
        case 1:
            return ".".join(
                draw.choice(ENDS[4:]) + pieces(4) + draw.choice(("O", "N", "C(=O)O", "C(=O)Cl", "")) for _ in "ab"
            )
        case 2:
            return pieces(4) * draw.choice((2, 8, 20))
        case _:
            return draw.choice(ENDS) + pieces(draw.choice((3, 6, 12, 40))) + draw.choice(ENDS)


def cage(draw: random.Random) -> str:
    """Atoms of two to six bonds each in rings in rings."""
    size, most = draw.choice((8, 20, 40, 60, 120)), draw.choice((3, 3, 4, 6))
    degree, bonds = Counter[int](), {(i, i + 1) for i in range(size - 1)}
    for i, j in bonds:
        degree[i] += 1
        degree[j] += 1
    for _ in range(4 * size):
        i = draw.randrange(size)
        j = draw.choice((draw.randrange(size), min(size - 1, i + draw.choice((2, 3, 4, 5, 6)))))
        if i < j and degree[i] < most and degree[j] < most and (i, j) not in bonds:
            bonds.add((i, j))
            degree[i] += 1
            degree[j] += 1
    closing: dict[int, list[str]] = {i: [] for i in range(size)}
    for number, (i, j) in enumerate(sorted((i, j) for i, j in bonds if j != i + 1), 1):
        if number < 100:
            closing[i].append(f"%{number:02}")
            closing[j].append(f"%{number:02}")
    atom = draw.choice(("C", "c", "N", "[Si]", "S", "C", "[n]"))
    bond = draw.choice(("", "", "="))
    text = "".join(atom + "".join(closing[i]) + (bond if i % 2 else "") for i in range(size))
    return draw.choice((text, f"*{text}*", f"*C({text})C*", f"*{text}.*{text}*"))


def changed(text: str, draw: random.Random) -> str:
    """A text with some marks put in, left out, doubled or exchanged."""
    marks = list(text)
    for _ in range(draw.choice((1, 1, 2, 5, 15))):
        place = draw.randrange(len(marks) + 1)
        match draw.randrange(4):
            case 0:
                marks.insert(place, draw.choice(MARKS))
            case 1:
                del marks[place : place + draw.choice((1, 1, 4))]
            case 2:
                marks[place:place] = marks[place : place + 8] * draw.choice((1, 1, 30))
            case _:
                marks[place : place + 1] = [draw.choice(MARKS)]
    return "".join(marks)


def big(draw: random.Random) -> str:
    """Texts that are long in one way."""
    number = draw.choice((50, 300, 3000, 9000))
    return draw.choice(
        ("C(" * number + "C" + ")" * number, "(" * number, "C1" * number, "*" + "C" * number + "*", "[" * number, "C" * number,
         "*CC(" + "C(C)" * number + ")*", "." * number, "*CC*." * number, "poly(" * number, "{[$]CC[$]}" * number, "*" * number,
         "*" + "c1ccc(" * (number // 10) + "C" + ")cc1" * (number // 10) + "*", "*" + "C(F)C(Cl)" * (number // 10) + "*",
         "*OC" + "OCC" * (number // 10) + "*", "c1" + "ccc2c1" * number, "C=C." * number, "[*:1]CC[*:2]|1|<" + "1-2:" * number,
         "*" + "C1CC1" * (number // 10) + "*", "OC(=O)" * number, "InChI=1S/" + "C" * number, "N" * number + "(C2)1")
    )  # fmt: skip


def texts(draw: random.Random, units: list[str]) -> Iterator[str]:
    """Endless."""
    drawn = [Chem.MolToInchi(Chem.MolFromSmiles(smiles)) for smiles in ("C=Cc1ccccc1", "OCCO", "NCCCCCC(=O)O")]
    drawn += [Chem.MolToMolBlock(Chem.MolFromSmiles(smiles)) for smiles in units[:10]]
    bigsmiles = ["{" + smiles.replace("*", "[$]") + "}" for smiles in units]
    graphs = ["[*:1]CC([*:2])C.[*:3]CC([*:4])c1ccccc1|0.5|0.5|<1-3:0.25:0.25<1-2:0.25:0.25<3-4:0.5:0.5~10"]
    kinds: list[tuple[int, Callable[[], str]]] = [
        (30, lambda: chain(draw)),
        (20, lambda: grammar(draw)),
        (12, lambda: cage(draw)),
        (25, lambda: changed(draw.choice(units), draw)),
        (8, lambda: changed(draw.choice(bigsmiles), draw)),
        (4, lambda: changed(draw.choice(graphs), draw)),
        (6, lambda: changed(draw.choice(drawn), draw)),
        (6, lambda: "".join(draw.choices(WORDS, k=draw.choice((2, 5, 12))))),
        (6, lambda: "".join(draw.choices(MARKS, k=draw.choice((1, 4, 20, 200))))),
        (
            3,
            lambda: ".".join(
                changed(draw.choice(units), draw).replace("*", "O") for _ in range(draw.choice((2, 3, 8)))
            ),
        ),
        (1, lambda: big(draw)),
    ]
    weights, makers = zip(*kinds, strict=True)
    while True:
        yield draw.choices(makers, weights)[0]()


def read(connection: Connection) -> None:
    """Read the texts that come, and answer with the outcome, the longest time in seconds and the most memory in MB."""
    rdBase.DisableLog("rdApp.*")
    while True:
        text = connection.recv()
        outcome, longest = "read", 0.0
        for function in (read_polymer, polymer_identity, recognise_form):
            started = time.process_time()
            try:
                function(text)
            except PolymerError as error:
                shown = str(error).encode(errors="backslashreplace").decode()
                told = shown == str(error) and "can't be read as a polymer (" not in shown
                outcome = "refused" if told else f"unforeseen: {shown}"
            except BaseException as error:
                outcome = f"{type(error).__name__}: {error}"[:200]
            longest = max(longest, time.process_time() - started)
        connection.send((outcome, longest, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--megabytes", type=float, default=500.0)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    source = texts(random.Random(arguments.seed), listed_units(stereo=True))
    outcomes, faults = Counter[str](), []
    longest, most, reader = 0.0, 0.0, None
    for _ in range(arguments.texts):
        text = next(source)
        if reader is None:
            here, there = context.Pipe()
            reader = context.Process(target=read, args=(there,), daemon=True)
            reader.start()
        here.send(text)
        if here.poll(60 if not outcomes else 20 * arguments.seconds):
            outcome, seconds, megabytes = here.recv()
        else:
            outcome, seconds, megabytes = "not read in time", 20 * arguments.seconds, most
            reader.kill()
            reader = None
        outcomes[outcome if outcome in ("read", "refused") else "at fault"] += 1
        if (
            outcome not in ("read", "refused")
            or seconds > arguments.seconds
            or megabytes > max(most, arguments.megabytes)
        ):
            faults.append(f"{outcome} in {seconds:.1f} s, {megabytes:.0f} MB: {ascii(text)[:3000]}")
            print(faults[-1], flush=True)
        longest, most = max(longest, seconds), max(most, megabytes)
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.most_common())
    print(
        f"{arguments.texts:,} texts: {counts}; {len(faults)} beyond the limits; longest {longest:.2f} s, {most:.0f} MB at most"
    )
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
