"""Texts as people read them."""

from __future__ import annotations


def shorten(text: str) -> str:
    """A SMILES as error messages quote it."""
    return text if len(text) <= 60 else f"{text[:40]}… ({len(text):,} characters)"
