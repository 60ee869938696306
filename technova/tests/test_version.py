import re
import subprocess
import tomllib

import pytest

from technova import __version__
from technova.tests.conftest import ROOT, Manage

pytestmark = pytest.mark.slow


def test_version_has_three_numbers():
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)


def test_project_reads_the_version_from_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "technova.__version__"}


def test_published_image_is_labelled_with_the_version():
    build = (ROOT / ".github" / "workflows" / "image.yml").read_text()
    assert '--label org.opencontainers.image.version="$version"' in build
    (command,) = re.findall(r"version=\$\((.+)\)$", build, re.MULTILINE)
    assert subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True).stdout == f"{__version__}\n"


@pytest.mark.parametrize("argument", ["--version", "version"])
def test_command_line_prints_the_version(argument):
    assert Manage()(argument) == (0, f"TechNova {__version__}\n", "")


def test_changelog_has_the_version_or_what_comes_into_it():
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1:2] in ([], [__version__])
