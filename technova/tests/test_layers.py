"""What import-linter cannot see: a string that names something of a package to the right."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

PACKAGES = ("technova", "employees", "features", "predictions")
WORD = re.compile(r"[\w.]+")


def modules(package: str) -> list[Path]:
    paths = (Path(settings.BASE_DIR) / package).rglob("*.py")
    return [path for path in paths if not {"tests", "migrations"} & set(path.parts)]


def commands(packages: tuple[str, ...]) -> set[str]:
    return {path.stem for package in packages for path in modules(package) if path.parent.name == "commands"}


def names_in(path: Path) -> set[str]:
    """The words of every string of a module, docstrings included."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {word for text in texts for word in WORD.findall(text)}


@pytest.mark.parametrize("package", PACKAGES[:-1])
def test_no_string_names_a_command_of_a_package_to_the_right(package):
    forbidden = commands(PACKAGES[PACKAGES.index(package) + 1 :]) - {"__init__"}
    assert forbidden
    assert {path.name: found for path in modules(package) if (found := names_in(path) & forbidden)} == {}
