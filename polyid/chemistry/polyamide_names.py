"""Polyamides by their numbers: nylon 6, PA 6,10, polyamide 6T and kin, and those whose name has two meanings."""

from __future__ import annotations

from collections.abc import Iterator

_POLYAMIDE = ("nylon {}", "polyamide {}", "PA {}", "polyamid {}", "{}-nylon")


def polyamide_names() -> Iterator[tuple[str, str, str]]:
    """Nylons by the carbon atoms of amino acid, or of diamine and diacid (T terephthalic, I isophthalic), after ISO 16396-1."""
    for carbons in range(3, 14):
        for prefix in _POLYAMIDE:
            yield prefix.format(carbons), f"*N{'C' * (carbons - 1)}C(*)=O", "polyamide number, ISO 16396-1"
    for diamine in range(2, 14):
        diacids = {f"{diacid}": "C" * (diacid - 2) for diacid in range(2, 19)}
        for diacid, inner in (diacids | {"T": "c%20ccc(cc%20)", "I": "c%20cccc(c%20)"}).items():
            smiles = f"*N{'C' * diamine}NC(=O){inner}C(*)=O"
            numbers = [f"{diamine},{diacid}", f"{diamine}{diacid}"] + [f"{diamine}/{diacid}"] * (f"{diamine}" == diacid)
            for prefix in _POLYAMIDE:
                for number in numbers:
                    yield prefix.format(number), smiles, "polyamide number, ISO 16396-1"


def slashed_polyamides() -> Iterator[tuple[str, str]]:
    """Names such as nylon 6/12 with why they are not answered: one polymer in American usage, a copolymer after ISO 16396-1."""
    for first in range(2, 14):
        for second in range(2, 19):
            if first != second:
                reason = (
                    f"may be nylon {first},{second} or a copolymer of nylon {first} and nylon {second}; write which"
                )
                for prefix in _POLYAMIDE:
                    yield prefix.format(f"{first}/{second}"), reason
