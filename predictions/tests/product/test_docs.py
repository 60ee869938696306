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
