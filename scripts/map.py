"""The package as a tree, each module with the question it answers: python scripts/map.py"""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "polyid"


def first_line(path: Path) -> str:
    """First line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n")[0]


def main() -> None:
    for path in sorted(
        PACKAGE.rglob("*.py"), key=lambda path: (path.parent.parts, path.name != "__init__.py", path.name)
    ):
        parts = path.relative_to(PACKAGE).parts
        indent = "  " * (len(parts) - 1)
        if path.name == "__init__.py":
            print(f"{'  ' * max(0, len(parts) - 2)}{path.parent.name}/  {first_line(path)}")
        else:
            print(f"{indent}{path.name:<{34 - len(indent)}}{first_line(path)}")


if __name__ == "__main__":
    main()
