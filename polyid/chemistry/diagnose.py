"""Why a text is no SMILES: one sentence with the place and the remedy."""

from __future__ import annotations

import re

from rdkit import Chem

from polyid.common.text import shorten

EXPECTED = (
    "write an oligomer, a repeat unit with two attachment points such as *CC(*)c1ccccc1, "
    "or monomers joined by dots such as OCCO.O=C(O)c1ccc(C(=O)O)cc1"
)

_TOKEN = re.compile(
    r"(?P<bracket>\[[^\[\]]*\])|(?P<atom>Br|Cl|[BCNOPSFIbcnops*])|(?P<ring>%\(\d+\)|%\d\d|\d)"
    r"|(?P<bond>[-=#$:/\\~])|(?P<open>\()|(?P<close>\))|(?P<dot>\.)"
)
_NAME = re.compile(r"poly|\bnylon|teflon|kevlar|[a-z]{5,}", re.IGNORECASE)


def why_unreadable(text: str) -> str:
    """One sentence on why RDKit can't read a SMILES, with the place where that can be told."""
    shown = shorten(text)
    if "{" in text:
        return f"“{shown}” looks like BigSMILES, which is not supported; {EXPECTED}."
    if re.search(r"\[R\d*\]", text):
        return f"“{shown}” has an R-group; write attachment points as *, such as *CC(*)c1ccccc1."
    depth, open_rings, position, after_dot = 0, {}, 0, True
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            if _NAME.search(text) or " " in text or (text.isupper() and text.isalpha()):
                return f"“{shown}” is not a SMILES but looks like a name; {EXPECTED}."
            where = f"{text[position]!r} at position {position + 1}"
            return f"“{shown}” is not a SMILES: {where} can't stand there; {EXPECTED}."
        kind, value = token.lastgroup, token.group()
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            if depth < 0:
                return f"“{shown}” is not a SMILES: the ) at position {position + 1} closes nothing; {EXPECTED}."
        elif kind == "ring":
            number = int(value.strip("%()"))
            if number in open_rings:
                del open_rings[number]
            else:
                open_rings[number] = position
        elif kind == "dot" and after_dot:
            return f"“{shown}” is not a SMILES: the dot at position {position + 1} follows no molecule; {EXPECTED}."
        after_dot = kind == "dot"
        position = token.end()
    if after_dot:
        return f"“{shown}” ends with a dot; write another monomer behind it or leave it out."
    if depth > 0:
        return f"“{shown}” is not a SMILES: {depth} opening parenthesis{'es' * (depth > 1)} not closed; {EXPECTED}."
    if open_rings:
        number, position = next(iter(open_rings.items()))
        return (
            f"“{shown}” is not a SMILES: ring {number}, opened at position {position + 1}, is not closed; {EXPECTED}."
        )
    unsanitised = Chem.MolFromSmiles(text, sanitize=False)
    problems = Chem.DetectChemistryProblems(unsanitised) if unsanitised is not None else []
    if problems:
        return f"“{shown}” is chemically impossible: {_plain_problem(unsanitised, problems[0])}; correct the SMILES."
    return f"“{shown}” can't be read as SMILES; {EXPECTED}."


def _plain_problem(molecule: Chem.Mol, problem: Chem.MolSanitizeException) -> str:
    kind = problem.GetType()
    if kind == "AtomValenceException":
        atom = molecule.GetAtomWithIdx(problem.GetAtomIdx())
        return f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) has too many bonds"
    if kind == "KekulizeException":
        atoms = ", ".join(str(index + 1) for index in problem.GetAtomIndices())
        return f"the aromatic ring of atoms {atoms} has no Kekulé structure (a nitrogen may need its hydrogen, [nH])"
    return problem.Message().strip().rstrip(".")
