"""Conditions on rows, such as ``Glass_Transition > 150 and domain = 'in domain'``: read by a grammar of comparisons, never run.

    either     = both {"or" both}
    both       = single {"and" single}
    single     = "not" single | "(" either ")" | name comparison
    comparison = ("=" | "!=" | "<" | "<=" | ">" | ">=") value | ["not"] "in" "(" value {"," value} ")"
               | "between" value "and" value

A name of other marks than letters, digits, ``_`` and ``.`` stands between backticks, a text between quotation marks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from polyid.errors import DataError

Value = float | str
_TOKEN = re.compile(
    r"\s*(?:(?P<number>[-+−]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))"
    r"|'(?P<single>(?:[^']|'')*)'|\"(?P<double>(?:[^\"]|\"\")*)\""
    r"|`(?P<quoted>[^`]+)`|(?P<word>[^\W\d][\w.]*)"
    r"|(?P<mark><=|>=|!=|<>|==|[=<>≤≥≠(),])|(?P<rest>\S.*))",
    re.DOTALL,
)
_SAME = {"==": "=", "<>": "!=", "≤": "<=", "≥": ">=", "≠": "!="}
_COMPARED: dict[str, Callable[..., pa.ChunkedArray]] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_DEEPEST = 100


@dataclass(frozen=True)
class Comparison:
    """A column beside one value or several (``in``).

    Attributes
    ----------
    column : str
    operator : str
        ``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=`` or ``in``.
    values : tuple of float or str
        All of one type; one value but for ``in``.
    """

    column: str
    operator: str
    values: tuple[Value, ...]

    def holds(self, table: pa.Table) -> pa.ChunkedArray:
        """Which rows it is true of; unknown where the cell is empty."""
        column = table[self.column]
        if self.operator == "in":
            if isinstance(self.values[0], float):
                column = column.cast(pa.float64(), safe=False)
            found = pc.is_in(column, value_set=pa.array(self.values).cast(column.type))
            return pc.if_else(pc.is_valid(column), found, None)
        return _COMPARED[self.operator](column, pa.scalar(self.values[0]))

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All comparisons of a condition: this one."""
        return (self,)


@dataclass(frozen=True)
class Together:
    """Several conditions of which all (``and``) or one (``or``) must hold, or one that must not (``not``)."""

    operator: str
    parts: tuple[Condition, ...]

    def holds(self, table: pa.Table) -> pa.ChunkedArray:
        """Which rows it is true of; unknown where it hangs on an empty cell, as in SQL."""
        found = [part.holds(table) for part in self.parts]
        if self.operator == "not":
            return pc.invert(found[0])
        joined = found[0]
        for other in found[1:]:
            joined = (pc.and_kleene if self.operator == "and" else pc.or_kleene)(joined, other)
        return joined

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """All comparisons in it, from left to right."""
        return tuple(comparison for part in self.parts for comparison in part.comparisons)


Condition = Comparison | Together


def kept(table: pa.Table, condition: Condition | None) -> pa.Table:
    """The rows of a table that a condition is true of."""
    return table if condition is None else table.filter(condition.holds(table), null_selection_behavior="drop")


def read_condition(text: str, find: Callable[[str], tuple[str, bool]]) -> Condition:
    """The condition that a text says.

    Parameters
    ----------
    text : str
    find : callable
        Gives the column that a name stands for, and whether it holds numbers; raises a DataError for any other name.

    Raises
    ------
    DataError
        It is no condition; the message says where.
    """
    return _Reader(text, find).whole()


class _Reader:
    def __init__(self, text: str, find: Callable[[str], tuple[str, bool]]) -> None:
        self._text, self._find = text, find
        self._tokens = [match for match in _TOKEN.finditer(text) if match.lastgroup]
        self._place = self._depth = 0

    def whole(self) -> Condition:
        condition = self._either()
        if self._place < len(self._tokens):
            self._fail("and or or")
        return condition

    def _either(self) -> Condition:
        return self._joined("or", lambda: self._joined("and", self._single))

    def _joined(self, word: str, part: Callable[[], Condition]) -> Condition:
        parts = [part()]
        while self._takes(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Together(word, tuple(parts))

    def _single(self) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise DataError(f"The condition is nested more than {_DEEPEST} deep; write it with fewer brackets.")
        try:
            if self._takes("not"):
                return Together("not", (self._single(),))
            if self._takes("("):
                inner = self._either()
                self._takes(")") or self._fail(")")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Condition:
        token = self._token()
        if token is None or token.lastgroup not in ("word", "quoted"):
            self._fail("the name of a property or column")
        self._place += 1
        column, is_number = self._find(token["quoted"] or token["word"])
        if self._takes("between"):
            low = self._value(column, is_number)
            self._takes("and") or self._fail("and")
            high = self._value(column, is_number)
            return Together("and", (Comparison(column, ">=", (low,)), Comparison(column, "<=", (high,))))
        excluded = self._takes("not")
        if self._takes("in"):
            members = Comparison(column, "in", self._values(column, is_number))
            return Together("not", (members,)) if excluded else members
        token = self._token()
        operator = _SAME.get(token["mark"], token["mark"]) if token is not None and token["mark"] else ""
        if excluded or operator not in _COMPARED:
            self._fail("=, !=, <, <=, >, >=, in or between")
        self._place += 1
        return Comparison(column, operator, (self._value(column, is_number),))

    def _values(self, column: str, is_number: bool) -> tuple[Value, ...]:
        self._takes("(") or self._fail("(")
        values = [self._value(column, is_number)]
        while self._takes(","):
            values.append(self._value(column, is_number))
        self._takes(")") or self._fail(")")
        return tuple(values)

    def _value(self, column: str, is_number: bool) -> Value:
        token = self._token()
        kind = None if token is None else token.lastgroup
        if token is not None and is_number and kind == "number":
            self._place += 1
            return float(token["number"].replace("−", "-"))
        if token is not None and not is_number and kind in ("single", "double"):
            self._place += 1
            quote = "'" if kind == "single" else '"'
            return token[kind].replace(2 * quote, quote)
        self._fail(f"a number, as {column} holds" if is_number else f"a text in quotation marks, as {column} holds")

    def _token(self) -> re.Match[str] | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _takes(self, expected: str) -> bool:
        """Step over a word or mark, if it is next."""
        token = self._token()
        is_next = token is not None and (token["mark"] or token["word"] or "").lower() == expected
        self._place += is_next
        return is_next

    def _fail(self, expected: str) -> NoReturn:
        token = self._token()
        seen = "ends" if token is None else f"has “{token[0].strip()[:40]}”"
        before = self._text[: token.start()] if token is not None else self._text
        raise DataError(
            f"The condition “{self._text[:200]}” {seen} after “{before.strip()[-40:]}” where {expected} was expected; write it "
            "like Glass_Transition > 150 and domain = 'in domain'."
        )
