"""Structures as drawings: of any size in bounded time, and with nothing in them that a page would run."""

from __future__ import annotations

import time
from xml.etree import ElementTree

import pytest

from polyid.errors import PolymerError
from polyid.explain import drawing
from polyid.explain.drawing import MOST_ATOMS, draw_structure

SIZE = (320, 220)


def elements(svg: str) -> set[str]:
    return {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}


@pytest.mark.parametrize("smiles", ["C" * MOST_ATOMS, "*CC(*)c1ccccc1", "C[C@H](O)F", "C |$<script>$|"])
def test_a_structure_is_drawn(smiles):
    begin = time.process_time()
    svg = draw_structure(smiles, SIZE)
    assert time.process_time() - begin < 2
    assert "path" in elements(svg) and "text" not in elements(svg)


@pytest.mark.parametrize(
    ("smiles", "what"),
    [
        ("C" * (MOST_ATOMS + 1), "301 atoms"),
        ("C" * 4_000, "4,000 atoms"),
        ("c1ccccc1" * 500, "3,000 atoms"),
        ("C" * 10_000_000, "10,000,000 characters"),
    ],
)
def test_a_large_structure_is_named_instead(smiles, what):
    """Four thousand atoms took over a minute."""
    begin = time.process_time()
    svg = draw_structure(smiles, SIZE)
    assert time.process_time() - begin < 2
    assert f"{what}: too large to draw" in svg and elements(svg) == {"svg", "rect", "text"}


def test_what_rdkit_does_not_draw_is_refused(monkeypatch):
    def fails(*arguments, **options):
        raise RuntimeError("no layout")

    monkeypatch.setattr(drawing, "_drawn", fails)
    with pytest.raises(PolymerError, match="no layout"):
        draw_structure("*CC*", SIZE)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "not a SMILES"])
def test_what_is_no_structure_is_no_drawing(text):
    with pytest.raises(PolymerError):
        draw_structure(text, SIZE)
