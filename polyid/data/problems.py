"""What is wrong with rows and cells of a table, collected while it is read."""

from __future__ import annotations

import pandas as pd

PROBLEM_COLUMNS = ["row", "column", "value", "problem", "remedy", "outcome"]
LEFT_OUT, KEPT = "left out", "kept"


class TableProblems:
    """Collects what is wrong with rows and cells.

    Attributes
    ----------
    kelvin : list of str
        Columns taken for °C whose values look like kelvin.
    """

    def __init__(self) -> None:
        self.entries: list[tuple] = []
        self.kelvin: list[str] = []

    def add(self, row: int, column: str, value: object, problem: str, remedy: str, outcome: str = LEFT_OUT) -> None:
        text = " ".join(str(value).split())
        self.entries.append((row, column, text if len(text) <= 80 else f"{text[:77]}…", problem, remedy, outcome))

    def frame(self) -> pd.DataFrame:
        frame = pd.DataFrame(self.entries, columns=PROBLEM_COLUMNS)
        return frame.sort_values("row", kind="stable").reset_index(drop=True)
