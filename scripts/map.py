"""The package and the two Spaces as trees, each module with the question it answers: python scripts/map.py"""

from __future__ import annotations

import ast
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
PACKAGE = TOP / "polyid"
SPACES = ("trainer_space", "inference_space")

# Files that have no docstring.
DATA_FILES = {
    "bundle/CHANGES.md": "Format versions of a model folder, and the rule by which they change.",
    "chemistry/names.csv": "Names of polymers, the repeat unit of each and where it is from.",
    "chemistry/names_with_note.csv": "Names that usually mean one polymer but may mean another, or say more than a repeat unit.",
    "chemistry/names_without_unit.csv": "Names that are refused, since they name no single repeat unit, and why.",
    "config/presets.toml": "The presets: the parameters that each sets, and what it is for.",
    "estimate/hardware.toml": "Hardware to train on: prices as read on a day, and speeds as they are thought to be.",
    "report/card.md.jinja": "The text of the model card.",
    "web/style.css": "The look that both Spaces share.",
}


def first_line(path: Path) -> str:
    """What a file says of itself: the first line of its docstring, or its line above."""
    if path.suffix != ".py":
        return DATA_FILES[path.relative_to(PACKAGE).as_posix()]
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split("\n")[0]


def main() -> None:
    files = [
        path
        for path in PACKAGE.rglob("*")
        if path.suffix == ".py" or path.relative_to(PACKAGE).as_posix() in DATA_FILES
    ]
    for path in sorted(files, key=lambda path: (path.parent.parts, path.name != "__init__.py", path.name)):
        parts = path.relative_to(PACKAGE).parts
        indent = "  " * (len(parts) - 1)
        if path.name == "__init__.py":
            print(f"{'  ' * max(0, len(parts) - 2)}{path.parent.name}/  {first_line(path)}")
        else:
            print(f"{indent}{path.name:<{34 - len(indent)}}{first_line(path)}")
    for space in SPACES:
        print(f"\n{space}/")
        for path in sorted((TOP / space).glob("*.py")):
            print(f"  {path.name:<32}{first_line(path)}")


if __name__ == "__main__":
    main()
