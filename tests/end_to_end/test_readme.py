"""Commands, listings, links, presets and settings of README and docs are those of the code beside them."""

import ast
import importlib
import re
import shlex

import typer
import yaml
from helpers.paths import TOP
from helpers.site import build_site

from polyid.cli.main import app
from polyid.config.parameters import PRESETS
from polyid.data.properties import PROPERTIES

README = (TOP / "README.md").read_text(encoding="utf-8")
PAGES = {path: path.read_text("utf-8") for path in [TOP / "README.md", *sorted((TOP / "docs" / "pages").glob("*.md"))]}
TEXT = "\n".join(PAGES.values())


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_every_link_into_the_repository_leads_somewhere():
    targets = [t for t in re.findall(r"\]\(([^)]+)\)", README) if not t.startswith("http")]
    assert len(targets) >= 6
    assert [t for t in targets if not (TOP / t).exists()] == []
    named = re.findall(r"`((?:scripts|tests|data|polyid|\.ci)/[\w./-]*\w)`", TEXT)
    assert [t for t in named if not (TOP / t).exists()] == []


def test_every_polyid_command_is_one():
    lines = [line.strip() for block in blocks("bash") for line in block.replace("\\\n", " ").splitlines()]
    commands = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("polyid ")]
    assert {command[0] for command in commands} == set(typer.main.get_command(app).commands)
    for words in commands:
        command = typer.main.get_command(app)
        # A group such as `polyid deploy` may be a command by itself.
        while hasattr(command, "commands") and (words[:1] or [""])[0] in command.commands:
            command = command.commands[words.pop(0)]
        assert not hasattr(command, "commands") or command.invoke_without_command, words
        command.make_context(command.name, words)


def test_every_python_listing_is_python_and_finds_what_it_imports():
    assert len(blocks("python")) == 4
    for block in blocks("python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Import):
                assert all(importlib.import_module(alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module)
                assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []


def test_the_presets_are_the_codes():
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line[:1] == "|"]
    header = next(row for row in rows if row[:2] == ["", "`small`"])
    table = {row[0]: row[1:] for row in rows if len(row) == len(header)}
    names = [cell.strip("`") for cell in header[1:]]
    for column, name in enumerate(names):
        preset = PRESETS[name]
        expected = {
            "folds, epochs, batch": ("kfolds", "epochs", "batch_size"),
            "learning rate, decay": ("learning_rate", "decay"),
            "features, rounds of messages": ("atom_features", "num_messages"),
        }
        for title, keys in expected.items():
            numbers = [float(number) for number in re.findall(r"\d[\d.]*(?:e-?\d+)?", table[title][column])]
            assert numbers == [preset[key] for key in keys], f"{name}: {title}"
        assert ("cosine" in table["learning rate, decay"][column]) == (preset["schedule"] == "cosine")
        hydrogens, stereo = table["hydrogens, stereochemistry"][column].split(", ")
        assert (hydrogens == "explicit") == preset["explicit_hs"]
        assert (stereo == "seen") == (preset["features"] == "stereo")
        beside = table["kernel regression beside the networks"][column]
        assert (beside == "yes") == preset.get("kernel", False)
    assert names == list(PRESETS)


def test_every_setting_the_code_reads_is_listed():
    sources = [
        path for folder in ("polyid", "trainer_space", "inference_space") for path in (TOP / folder).rglob("*.py")
    ]
    read = {name for path in sources for name in re.findall(r'"(POLYID_[A-Z_]+)"', path.read_text("utf-8"))}
    assert read == set(re.findall(r"`(POLYID_[A-Z_]+)`", TEXT))


def test_every_known_property_is_listed():
    section = PAGES[TOP / "docs" / "pages" / "tables.md"]
    for name in PROPERTIES:
        stem, _, gas = name.rpartition("_Permeability_")
        assert (f"`{gas}`" if stem else f"`{name}`") in section, name


def test_the_citation_names_the_paper():
    paper = yaml.safe_load((TOP / "CITATION.cff").read_text("utf-8"))["preferred-citation"]
    assert paper["doi"] in README
    assert paper["title"] in " ".join(README.split())
    assert [author["family-names"] in README for author in paper["authors"]] == [True] * 12


def test_the_readme_is_a_page_that_is_read_through():
    assert len(README.splitlines()) <= 110


def test_the_site_is_built_without_a_warning_or_the_network(tmp_path):
    """Strictly: every link, every docstring and every page that is made of another file; pages load nothing from elsewhere."""
    build_site(tmp_path)
    for name in ("deployment", "notebook", "contributing", "format-versions", "reference"):
        assert (tmp_path / name / "index.html").is_file(), name
    conformal = (tmp_path / "reference" / "uncertainty" / "index.html").read_text("utf-8")
    assert "IntervalCalibration" in conformal
    loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(https?://[^"]+)"', conformal)
    assert loaded == []
