"""The parts of the site that are generated when it is built, so that they cannot disagree with the code.

A page asks for a part with a comment: ``<!-- generated: features -->``.
"""

import os
import re
from argparse import HelpFormatter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("employees", "features", "predictions")


def on_page_markdown(markdown: str, **_) -> str:
    """Fill in the generated parts of a page (called by MkDocs); an unknown part is a ``KeyError``."""
    return re.sub(r"<!-- generated: (\w+) -->", lambda match: PARTS[match[1]](), markdown)


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def features() -> str:
    """The 32 features in the contract's order."""
    from features import schema

    return table(
        ("#", "feature", "meaning", "kind", "permitted", "unit", "notes"),
        (
            (
                str(number),
                f"`{feature.name}`",
                " ".join(filter(None, (feature.label + ".", feature.help))),
                feature.kind.value,
                permitted(feature),
                feature.unit,
                ", ".join(word for word in ("engineered", "protected", "actionable") if getattr(feature, f"is_{word}")),
            )
            for number, feature in enumerate(schema.FEATURES, start=1)
        ),
    )


def permitted(feature) -> str:
    """What a feature may hold: its choices by name, or its bounds."""
    if not feature.choices:
        return f"{feature.minimum:,.10g} to {feature.maximum:,.10g}"
    return ", ".join(
        f"`{choice.value}`" if choice.value == choice.label else f"`{choice.value}` {choice.label}"
        for choice in feature.choices
    )


def extracts() -> str:
    """The columns of the three extracts, one table a file."""
    from employees import columns

    def section(extract) -> str:
        return f"### extrait_{extract.value}.csv\n\n" + table(
            ("column in the file", "name here", "kind", "permitted"),
            (
                (
                    f"`{column.source}`" + ("" if column.is_required else " (optional)"),
                    f"`{column.name}`",
                    column.kind.value,
                    str(column.rule),
                )
                for column in columns.columns_of(extract)
            ),
        )

    return "\n\n".join(section(extract) for extract in columns.Extract)


def settings() -> str:
    """The variables of ``.env.example``, each with the comment that stands over it."""
    return table(
        ("variable", "example or default", "meaning"),
        ((f"`{name}`", f"`{value}`" if value else "", comment) for name, value, comment in variables()),
    )


def variables() -> Iterator[tuple[str, str, str]]:
    """Name, value and comment of each variable in ``.env.example``; ``#NAME=value`` is one left at its default."""
    comment: list[str] = []
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"#?([A-Z][A-Z0-9_]*)=(.*)", line):
            yield match[1], match[2], " ".join(comment)
        comment = [*comment, line.removeprefix("#").strip()] if line.startswith("# ") else []


def commands() -> str:
    """What ``--help`` says of each command of the project."""
    return "\n\n".join(
        f"## {name}\n\n```text\n{parser.format_help().strip()}\n```" for name, parser in command_parsers()
    )


def command_parsers() -> Iterator[tuple[str, object]]:
    """Name and argument parser of each of the project's own commands."""
    django_setup()
    from django.core.management import get_commands, load_command_class

    for name, app in sorted(get_commands().items()):
        if app in APPS:
            parser = load_command_class(app, name).create_parser("manage.py", name)
            parser.formatter_class = lambda prog: HelpFormatter(prog, width=100)
            yield name, parser


def models() -> str:
    """The tables and their foreign keys as a Mermaid entity-relationship diagram."""
    django_setup()
    from django.apps import apps

    lines = ["erDiagram"]
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            lines += entity(model)
    return "```mermaid\n" + "\n".join(lines) + "\n```"


def entity(model) -> Iterator[str]:
    """One table: its columns, with keys marked, then its relations."""
    yield f"  {model.__name__} {{"
    for field in model._meta.concrete_fields:
        key = "PK" if field.primary_key else "FK" if field.is_relation else "UK" if field.unique else ""
        yield f"    {field.get_internal_type()} {field.column} {key}".rstrip()
    yield "  }"
    for field in model._meta.concrete_fields:
        if field.is_relation:
            many = "o|" if field.one_to_one else "o{"
            one = "|o" if field.null else "||"
            yield f"  {field.related_model.__name__} {one}--{many} {model.__name__} : {field.name}"


def django_setup() -> None:
    """Make the models and commands importable; no database is read, so any key will do."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "technova.settings")
    os.environ.setdefault("SECRET_KEY", "only-builds-the-documentation")
    os.environ.setdefault("ALLOWED_HOSTS", "localhost")
    django.setup()


PARTS = {"features": features, "extracts": extracts, "settings": settings, "commands": commands, "models": models}
