"""Quotient graphs kept on disk, one row of a small database a molecule."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from polyid.graphs.refinement import QuotientGraph

CACHE_VERSION = 6
_KEYS_A_QUERY = 500


@dataclass(frozen=True)
class GraphStore:
    """Graphs by name, in a SQLite file that several processes may use at a time.

    A full, locked or read-only disk costs the cache, not the run; a damaged file is begun anew.

    Attributes
    ----------
    path : Path
    """

    path: Path

    def load(self, names: Iterable[str]) -> dict[str, QuotientGraph]:
        """Those of the graphs that are there."""
        wanted = list(names)
        if not self.path.is_file():
            return {}
        graphs = {}
        try:
            with closing(sqlite3.connect(self.path)) as database:
                for start in range(0, len(wanted), _KEYS_A_QUERY):
                    part = wanted[start : start + _KEYS_A_QUERY]
                    query = f"SELECT name, graph FROM graphs WHERE name IN ({','.join('?' * len(part))})"
                    graphs.update(
                        {name: QuotientGraph.from_bytes(content) for name, content in database.execute(query, part)}
                    )
        except (sqlite3.Error, ValueError):
            return {}
        return graphs

    def save(self, graphs: Mapping[str, QuotientGraph]) -> None:
        """Add graphs, all or none of them."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._insert(graphs)
        except (sqlite3.OperationalError, OSError):
            return
        except sqlite3.DatabaseError:
            self.path.unlink(missing_ok=True)

    def _insert(self, graphs: Mapping[str, QuotientGraph]) -> None:
        rows = [(name, graph.to_bytes()) for name, graph in graphs.items()]
        with closing(sqlite3.connect(self.path)) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS graphs (name TEXT PRIMARY KEY, graph BLOB NOT NULL)")
            database.executemany("INSERT OR REPLACE INTO graphs VALUES (?, ?)", rows)
