"""The documentation is held to the code: what it names exists, and what exists is named."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

from features import schema

pytestmark = pytest.mark.slow

ROOT = Path(settings.BASE_DIR)
APPS = ("employees", "features", "predictions")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROJECT_COMMANDS = {name for name, app in get_commands().items() if app in APPS}


def load_hooks():
    spec = importlib.util.spec_from_file_location("docs_hooks", ROOT / "docs" / "hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


hooks = load_hooks()


def built(page: str) -> str:
    """A page's Markdown with its generated parts filled in."""
    return hooks.on_page_markdown((ROOT / "docs" / page).read_text(encoding="utf-8"))


def read(*names: str) -> str:
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def setting_calls() -> dict[str, ast.Call]:
    """The `env.TYPE("NAME", …)` calls of settings.py, by variable."""
    return {
        node.args[0].value: node
        for node in ast.walk(ast.parse(read("technova/settings.py")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def environment_reads() -> set[str]:
    """The variables that code outside settings.py takes from the environment itself."""
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if "tests" not in path.parts
    )
    return set(re.findall(r'environ(?:\.get\(|\[)"([A-Z_]+)"', code))


VARIABLES = {name: value for name, value, _ in hooks.variables()}


def test_settings_variables_are_in_env_example():
    assert setting_calls().keys() | environment_reads() <= VARIABLES.keys()


def test_env_example_variables_are_read_somewhere():
    elsewhere = read("compose.yaml", "Makefile", "docker-entrypoint.sh")
    unread = {
        name
        for name in VARIABLES.keys() - setting_calls().keys() - environment_reads()
        if not re.search(rf"[$({{]{name}\b", elsewhere)
    }
    assert unread == set()


def test_env_example_variables_are_explained():
    assert [name for name, _, comment in hooks.variables() if not comment] == []


@pytest.mark.parametrize(
    ("name", "default"),
    [
        (name, keyword.value.value)
        for name, call in setting_calls().items()
        for keyword in call.keywords
        if keyword.arg == "default" and isinstance(keyword.value, ast.Constant) and keyword.value.value != ""
    ],
)
def test_env_example_shows_the_default_of(name, default):
    assert VARIABLES[name] == str(default)


def test_configuration_page_lists_every_variable():
    page = built("configuration.md")
    assert [name for name in VARIABLES if f"| `{name}` |" not in page] == []


def test_commands_page_lists_every_command():
    assert set(re.findall(r"^## (\w+)$", built("commands.md"), re.MULTILINE)) == PROJECT_COMMANDS


def test_data_dictionary_lists_the_features_in_contract_order():
    listed = re.findall(r"^\| \d+ \| `(\w+)` \|", built("data-dictionary.md"), re.MULTILINE)
    assert tuple(listed) == schema.FEATURE_NAMES


def test_data_dictionary_gives_a_formula_for_each_engineered_feature():
    section = built("data-dictionary.md").split("## The engineered features")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert listed == [feature.name for feature in schema.FEATURES if feature.is_engineered]


def test_model_card_page_shows_the_published_model():
    page = built("model_card.md")
    card = json.loads(read("artifacts/model_card.json"))
    version = Path(settings.BASE_DIR / "artifacts" / "current").readlink().name
    for text in (*card["purpose"], *card["misuse"], *card["limits"], card["created_on"], version):
        assert text in page
    assert f"{card['metrics']['roc_auc']['mean']:.3f} ± " in page
    shown = set(re.findall(r"`(\w+)`", page))
    assert set(card["features"]) <= shown
    assert page.count("| Woman |") == 4
    assert "| `f2` | 0.15 | 23.4% | 209 | 35.2% | 65.6% |" in page
    assert "| `capacity:30` | 0.34 | 5.6% | 30 | 61.3% | 27.5% |" in page


@pytest.mark.parametrize("page", ["model_card.md", "model_notes.md"])
def test_rivals_are_quoted_from_what_the_benchmark_wrote(page):
    found = json.loads(read("predictions/ml/assessment/rivals.json"))
    text = built(page)
    for each in (*found["folds"]["models"], *found["out_of_time"]["models"]):
        figure = each["metrics"]["roc_auc"]
        assert f"| {figure['mean']:.3f} ± {figure['sd']:.3f} |" in text


def test_model_card_page_tells_the_test_on_later_months_and_marks_what_lies_outside():
    page = built("model_card.md")
    card = json.loads(read("artifacts/model_card.json"))
    test = card["out_of_time"]
    assert f"{card['horizon_months']} months is not tested yet: the history allows {test['months']}." in page
    assert f"{test['departures'] - test['vanished']} left, {test['vanished']} vanished." in page
    for row in test["quarters"]:
        is_within = row["low"] <= row["expected"] <= row["high"]
        (line,) = (line for line in page.splitlines() if line.startswith(f"| {row['since']} |"))
        assert line.endswith("| within |") is is_within
    bins = [*test["calibration"]["bins"], *card["models"]["default"]["calibration"]["bins"]]
    outside = [each for each in bins if not each["low"] <= each["predicted"] <= each["high"]]
    assert outside
    assert page.count("| **outside** |") == len(outside)


def test_models_page_draws_every_table():
    page = built("models.md")
    from django.apps import apps

    models = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    assert models
    assert [model.__name__ for model in models if f"  {model.__name__} {{" not in page] == []


@pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_page_names_only_what_exists(document):
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    assert set(re.findall(r"\bmake ([a-z]+)", code)) <= targets
    assert set(re.findall(r"manage\.py ([a-z_]+)", code)) <= get_commands().keys()
    places = re.findall(r"`((?:technova|employees|features|predictions|templates|docs|benchmarks)/[\w./]+)`", text)
    assert [name for name in places if not (ROOT / name).exists()] == []
    files = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    assert [name for name in files if not (document.parent / name).exists()] == []


def test_documented_packages_carry_a_reason():
    lines = read("requirements.in", "requirements-dev.in").splitlines()
    requirements = [line for line in lines if line and not line.startswith(("#", "-r"))]
    assert [line for line in requirements if not re.search(r"# \w", line)] == []


def test_dockerfile_passes_hadolint():
    hadolint = Path(sys.executable).with_name("hadolint")
    result = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("script", [".ci/bare", ".ci/fuzz", ".ci/run", "docker-entrypoint.sh"])
def test_script_parses(script):
    subprocess.run(["bash", "-n", ROOT / script], check=True)


def test_api_doc_sums_the_reasons_as_the_schema_does():
    text = (ROOT / "docs/api.md").read_text()
    (table,) = re.findall(r"\| subject \| with the contributions of \|\n.*\n((?:\|.*\n)+)", text)
    told = {}
    for line in table.splitlines():
        subject, *formulas = re.findall(r"`(\w+)`", line)
        told |= dict.fromkeys(formulas, subject)
    assert told == {feature.name: feature.subject for feature in schema.FEATURES if feature.subject}


# How many points of levels 1 and 2 each section of OWASP ASVS 5.0 has; they come first, those of level 3 after them.
ASVS_TEXT = """
1.1 2  1.2 9  1.3 11  1.4 3  1.5 2  2.1 3  2.2 3  2.3 4  2.4 1  3.2 2  3.3 4  3.4 6  3.5 5  3.7 2  4.1 3  4.2 1  4.3 2
4.4 4  5.1 1  5.2 3  5.3 2  5.4 3  6.1 3  6.2 12  6.3 4  6.4 4  6.5 5  6.6 3  6.8 4  7.1 3  7.2 4  7.3 2  7.4 5  7.5 2
7.6 2  8.1 2  8.2 3  8.3 1  8.4 1  9.1 3  9.2 4  10.1 2  10.2 2  10.3 4  10.4 11  10.5 5  10.6 2  10.7 3  11.1 2
11.2 3  11.3 3  11.4 4  11.5 1  11.6 1  12.1 3  12.2 2  12.3 4  13.1 1  13.2 5  13.3 2  13.4 5  14.1 2  14.2 4  14.3 3
15.1 3  15.2 3  15.3 7  16.1 1  16.2 5  16.3 4  16.4 3  16.5 3  17.1 1  17.2 4  17.3 2
"""
ASVS = {section: int(count) for section, count in re.findall(r"(\d+\.\d+) (\d+)", ASVS_TEXT)}


def points(cell: str) -> list[int]:
    """The points that a cell of the threat model's table names: **2**, **4–6**."""
    ranges = re.findall(r"\*\*(\d+)(?:–(\d+))?\*\*", cell)
    return [point for first, last in ranges for point in range(int(first), int(last or first) + 1)]


def test_threat_model_accounts_for_every_point():
    text = read("docs/security.md")
    rows = re.findall(r"^\| (\d+\.\d+) [^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|$", text, re.MULTILINE)
    assert [section for section, *_cells in rows] == list(ASVS)
    undone = absent = 0
    for section, where, not_done, not_applying in rows:
        named = points(not_done) + points(not_applying)
        assert set(named) <= set(range(1, ASVS[section] + 1)), section
        assert len(set(named)) == len(named), section
        assert bool(where.strip()) == (len(named) < ASVS[section]), section
        undone += len(points(not_done))
        absent += len(points(not_applying))
    total = sum(ASVS.values())
    told = f"Of {total} points {total - undone - absent} hold, {undone} are not done and {absent} do not apply."
    assert told in text


def test_administration_page_has_the_table_of_retention_in_english():
    page = built("administration.md")
    assert "| People who have left | " in page
    assert "| 60 months, from the departure | `LEFT_MONTHS` | " in page
