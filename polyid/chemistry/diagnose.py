"""Why RDKit can't read a text as SMILES: one sentence with the place and the remedy."""

from __future__ import annotations

import re
from typing import Any

from rdkit import Chem

from polyid.chemistry.copolymer_text import INFIXES
from polyid.chemistry.name_suggestions import unknown_name
from polyid.common.text import shorten

EXPECTED = (
    "write an oligomer, a repeat unit with two attachment points such as *CC(*)c1ccccc1, "
    "or monomers joined by dots such as OCCO.O=C(O)c1ccc(C(=O)O)cc1"
)

_TOKEN = re.compile(
    r"(?P<bracket>\[[^\[\]]*\])|(?P<atom>Br|Cl|[BCNOPSFIbcnops*])|(?P<ring>%\(\d+\)|%\d\d|\d)"
    r"|(?P<bond>[-=#$:/\\~])|(?P<open>\()|(?P<close>\))|(?P<dot>\.)"
)
_OTHER_NOTATIONS = (
    (re.compile(r"\[[=#]?(?:Branch|Ring)\d"), "SELFIES, which are not read"),
    (re.compile(r"^[A-Z]{14}-[A-Z]{10}-[A-Z]$"), "an InChIKey, from which no structure can be told"),
    (re.compile(r"\[#\d+[^\]]*\]"), "SMARTS, a pattern of many structures"),
    (re.compile(r"[\])}]_?[nNxm](?:$|[-*\s])"), "a formula of a repeat unit, not SMILES"),
    (re.compile(r">>"), "a reaction, not a polymer"),
)
_OF_COPOLYMER = re.compile(rf"[A-Za-z)]-(?:{INFIXES})-[A-Z(]")
_NAME = re.compile(r"poly|\bnylon|teflon|kevlar|[a-z]{5,}", re.IGNORECASE)


def why_unreadable(text: str) -> str:
    """One sentence on why RDKit can't read a SMILES, with the place where that can be told."""
    shown = shorten(text)
    if "{" in text:
        return f"“{shown}” has braces that can't be read; {EXPECTED}."
    if re.search(r"\[R\d*\]", text):
        return f"“{shown}” has an R-group; write attachment points as *, such as *CC(*)c1ccccc1."
    if re.search(r"\[[edtg]\]", text):
        return (
            f"“{shown}” has some of the marks [e], [d], [t] and [g] of a ladder polymer; write each of the four once, [e] where it "
            "is joined to [t] and [d] where to [g], or * for the two points of a linear repeat unit."
        )
    for pattern, what in _OTHER_NOTATIONS:
        if pattern.search(text):
            return f"“{shown}” is {what}; {EXPECTED}."
    if _OF_COPOLYMER.search(text) and (reason := unknown_name(text)):
        return f"“{shown}” {reason}"
    fault = _fault(text)
    if fault is not None:
        return f"“{shown}” {fault}"
    unsanitised = Chem.MolFromSmiles(text, sanitize=False)
    problems = Chem.DetectChemistryProblems(unsanitised) if unsanitised is not None else []
    if problems:
        return f"“{shown}” is chemically impossible: {_plain_problem(unsanitised, problems[0])}; correct the SMILES."
    return f"“{shown}” can't be read as SMILES; {EXPECTED}."


def _fault(text: str) -> str | None:
    """What is wrong with the marks of a SMILES, read from left to right; None if each stands where it may."""
    depth, position, after_dot = 0, 0, True
    open_rings: dict[int, int] = {}
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            return _foreign_mark(text, position)
        if token.lastgroup == "open":
            depth += 1
        elif token.lastgroup == "close":
            depth -= 1
            if depth < 0:
                return f"is not a SMILES: the ) at position {position + 1} closes nothing; {EXPECTED}."
        elif token.lastgroup == "ring":
            number = int(token.group().strip("%()"))
            if open_rings.pop(number, None) is None:
                open_rings[number] = position
        elif token.lastgroup == "dot" and after_dot:
            return f"is not a SMILES: the dot at position {position + 1} follows no molecule; {EXPECTED}."
        after_dot = token.lastgroup == "dot"
        position = token.end()
    if after_dot:
        return "ends with a dot; write another monomer behind it or leave it out."
    if depth > 0:
        return f"is not a SMILES: {depth} opening parenthesis{'es' * (depth > 1)} not closed; {EXPECTED}."
    if open_rings:
        number, position = next(iter(open_rings.items()))
        return f"is not a SMILES: ring {number}, opened at position {position + 1}, is not closed; {EXPECTED}."
    return None


def _foreign_mark(text: str, position: int) -> str:
    """What is wrong with a text that has a mark no SMILES has."""
    if _NAME.search(text) or " " in text or (text.isupper() and text.isalpha()):
        return unknown_name(text) or f"is not a SMILES but looks like a name; {EXPECTED}."
    return f"is not a SMILES: {text[position]!r} at position {position + 1} can't stand there; {EXPECTED}."


def _plain_problem(molecule: Chem.Mol, problem: Any) -> str:
    """A problem that RDKit found, whose stubs don't know its methods, in a few words."""
    if problem.GetType() == "AtomValenceException":
        atom = molecule.GetAtomWithIdx(problem.GetAtomIdx())
        return f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) has too many bonds"
    if problem.GetType() == "KekulizeException":
        atoms = ", ".join(str(index + 1) for index in problem.GetAtomIndices())
        return f"the aromatic ring of atoms {atoms} has no Kekulé structure (a nitrogen may need its hydrogen, [nH])"
    return problem.Message().strip().rstrip(".")
