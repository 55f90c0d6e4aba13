"""What a text that is no name listed here may be meant for, and what it may become while it is typed."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from rapidfuzz import fuzz, process

from polyid.chemistry.copolymer_text import INFIXES
from polyid.chemistry.name_spellings import name_key
from polyid.chemistry.names import MAX_CHARACTERS, NamedPolymer, each_once, in_a_sentence, listed_names
from polyid.common.text import shorten

LEAST_LIKENESS = 70.0
"""Of a name that is suggested, in percent of `rapidfuzz.fuzz.ratio`; polystyrol and polystyrene are alike by 76."""

_OF_COPOLYMER = re.compile(rf"-(?:{INFIXES})-|copolymer|terpolymer", re.IGNORECASE)


def suggest_names(text: str, n: int = 3) -> list[NamedPolymer]:
    """The `n` polymers whose names are most alike to a text that is no name listed here, best first."""
    return list(_suggestions(text[:MAX_CHARACTERS]))[:n]


def complete_name(text: str, n: int = 6) -> list[str]:
    """Names listed here that a text may become while somebody types it, one a polymer, the likeliest first.

    Those that begin so come first, with or without poly in front, then those that hold it. Nothing for a text of under three
    letters and digits, and for a whole name.
    """
    key = name_key(text[:MAX_CHARACTERS])
    if len(key) < 3 or key in listed_names():
        return []
    found: list[tuple[int, int, str, str]] = []
    for rank, (listed, polymers) in enumerate(listed_names().items()):
        place = next((i for i, start in enumerate((key, f"poly{key}")) if listed.startswith(start)), 2)
        if place < 2 or key in listed:
            found += [(place, rank, polymer.smiles, polymer.name) for polymer in polymers[:1]]
    names: dict[str, str] = {}
    for _, _, smiles, name in sorted(found):
        names.setdefault(smiles, name)
    return list(names.values())[:n]


def unknown_name(text: str, n: int = 2) -> str | None:
    """What is wrong with a text that is no name listed here, to be put behind it: which polymers it is alike to; None without any."""
    if _OF_COPOLYMER.search(text):
        return "names a copolymer whose ratio is not known here; write it behind the name, such as “= 0.7 : 0.3”, or its units with their ratio."
    meant = [f"{in_a_sentence(polymer.name)} ({shorten(polymer.smiles)})" for polymer in suggest_names(text, n)]
    return f"is not a name known here; did you mean {' or '.join(meant)}?" if meant else None


@lru_cache(maxsize=1000)
def _suggestions(text: str) -> tuple[NamedPolymer, ...]:
    """The polymers of the names that are most alike, each once; abbreviations are too short to be told from slips."""
    key = name_key(text)
    listed = listed_names()
    candidates = process.extract(key, _long_keys(), scorer=fuzz.ratio, score_cutoff=LEAST_LIKENESS, limit=20)
    # The polymer of a monomer's name comes first.
    keys = (f"poly{key}", *(candidate for candidate, _, _ in candidates))
    return tuple(each_once(polymer for candidate in keys for polymer in listed.get(candidate, ())))


@cache
def _long_keys() -> list[str]:
    return [key for key in listed_names() if len(key) > 4 and not key[0].isdigit()]
