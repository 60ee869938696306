"""The parts of the site that are generated when it is built, so that they cannot disagree with the code.

A page asks for a part with a comment: ``<!-- generated: features -->``.
"""

import hashlib
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
    """The permitted values of a feature: its choices by name, or its bounds."""
    if not feature.choices:
        return f"{feature.minimum:,.10g} to {feature.maximum:,.10g}"
    return ", ".join(
        f"`{choice.value}`" if choice.value == choice.label else f"`{choice.value}` {choice.label}"
        for choice in feature.choices
    )


def extracts() -> str:
    """The columns of the extracts, one table a file."""
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


def purposes() -> str:
    """Why each column of the extracts is kept, for how long, who reads it and what leaving it out costs."""
    django_setup()
    from django.utils.translation import override

    from employees.columns import Extract
    from features.dictionary import entries

    def section(extract) -> str:
        return f"### {extract.value}\n\n" + table(
            ("column", "why it is kept", "without it", "read by", "how long", "can be switched off"),
            (
                (f"`{entry.column.name}`", entry.why, entry.cost, readers(entry.column.name), entry.kept, switchable)
                for entry in entries(extract)
                for switchable in ["yes" if entry.column.is_dispensable else "no"]
            ),
        )

    with override("en"):
        return "\n\n".join(section(extract) for extract in Extract)


def readers(column: str) -> str:
    """The roles that read a column, with the setting that grants it: ``RH, Manager (`MANAGERS_SEE_PAY`)``."""
    from employees.access import readers_of

    return ", ".join(
        f"{role.group} (`{matter.setting}`)" if matter and matter.setting else role.group
        for role, matter in readers_of(column)
    )


def roles() -> str:
    """The table of roles that the program goes by, as the page of the administration shows it."""
    django_setup()
    from django.utils.translation import override

    from employees.access import roles_in_words

    with override("en"):
        rows = [(f"*{role.group}*", role.who, role.sees, role.reads, role.may) for role in roles_in_words()]
    return table(("role", "for", "sees", "reads", "may"), rows)


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
    """The ``--help`` text of each command of the project."""
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


def model_card() -> str:
    """The published model's card, section by section."""
    from predictions.ml.artifacts import store

    found = store.read(store.current_directory(ROOT / "artifacts"))
    card = found.card
    sections = {
        "What it is for": bullets(card["purpose"]),
        "What it must not be used for": bullets(card["misuse"]),
        "Which model this is": identity(found.version, found.parameters, card),
        "Data and features": data(card),
        "Method": bullets(card["method"]),
        "Quality": quality(card),
        "Beside other methods": rivals(),
        "Out of time": out_of_time(card),
        "Calibration": calibration(card),
        "Threshold": threshold(card),
        "Fairness": fairness(card),
        "Proxies": proxies(card),
        "Uncertainty": uncertainty(card),
        "What moves the score": shapes(card),
        "Limits": bullets(card["limits"]),
    }
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())


def bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def names(features: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in features)


def identity(version: str, parameters: bytes, card: dict) -> str:
    rows = {
        "version": version,
        "trained": card["created_on"],
        "parameters, sha256": hashlib.sha256(parameters).hexdigest(),
        **card["versions"],
        "training rows, sha256": card["training"]["sha256"],
    }
    return table(("", ""), ((name, f"`{value}`") for name, value in rows.items()))


def data(card: dict) -> str:
    training, history, horizon = card["training"], card["history"], card["horizon_months"]
    learned = (
        f"Trained on {history['periods']:,} quarters of {history['people']:,} people between {history['since']} and "
        f"{history['until']}: {history['left']:,} left, {history['vanished']:,} vanished. "
        if history
        else ""
    )
    formulas = [name for name in card["features"] if name not in {*card["used"], *card["left_out"]}]
    known = history and table(
        ("feature", "departures of people whose value is known"),
        ((f"`{name}`", f"{history['departures_known'][name]:,}") for name in card["used"]),
    )
    return (
        f"{learned}Evaluated on {training['employees']:,} employees, {training['leavers']:,} of whom left "
        f"({training['base_rate']:.1%}){f' within {horizon} months' if horizon else ''}.\n\n"
        f"Used: {names(card['used'])}.\n\nLeft out, because the law protects "
        f"them or what they are made of: {names(card['left_out'])}. They stay in the data for the contract and for "
        "this audit; changing them changes no score.\n\nFormulas of the contract whose ingredients are used instead: "
        f"{names(formulas)}.{f'{chr(10) * 2}{known}' if known else ''}"
    )


def quality(card: dict) -> str:
    sides, how = card["models"], card["evaluation"]
    rows = []
    for name, label in FIGURES.items():
        cells = (sides[side]["metrics"][name] for side in ("default", "all"))
        shown = [f"{cell['mean']:.3f} ± {cell['sd']:.3f} ({cell['low']:.3f} to {cell['high']:.3f})" for cell in cells]
        rows.append((label, *shown))
    return (
        f"Mean and spread over the {how['folds'] * how['repeats']} test parts of {how['repeats']} times repeated "
        f"{how['folds']}-fold cross-validation, and the 95 % interval of the mean.\n\n"
        + table(("", "this model", "with the protected features"), rows)
        + "\n\nF2 and F1 are the best over all thresholds within each test part: optimistic, and alike for both."
    )


def rivals() -> str:
    """The model beside other methods, as ``benchmarks/model_quality.py`` wrote them into a file."""
    from predictions.ml.assessment import rivals

    found = rivals.measured()
    folds, later = found["folds"], found["out_of_time"]

    def rows(models: Iterable[dict]) -> Iterator[list[str]]:
        for each in models:
            shown = (each["metrics"][name] for name in rivals.FIGURES)
            figures = (f"{figure['mean']:.3f} ± {figure['sd']:.3f}" for figure in shown)
            yield [rivals.NAMES[each["model"]], *figures, f"{each['expected']:.0f}"]

    header = ("method", *rivals.FIGURES.values(), "expected")
    libraries = ", ".join(f"{name} {version}" for name, version in found["libraries"].items())
    return (
        f"On the demonstration's fictional people, by `benchmarks/model_quality.py` ({libraries}), which writes "
        "`predictions/ml/assessment/rivals.json`. Mean over the same "
        f"{folds['folds'] * folds['repeats']} test parts, and its spread; *expected* are the departures among the "
        f"{folds['people']:,}, of whom {folds['left']} left:\n\n"
        + table(header, rows(folds["models"]))
        + f"\n\nOut of time: learned from {later['months']} months with {later['learned_departures']} departures, "
        f"asked of the {later['people']:,} who were there after them, of whom {later['left']} left within the next "
        f"{later['months']}, with the spread over people drawn anew:\n\n" + table(header, rows(later["models"]))
    )


def calibration(card: dict) -> str:
    side = card["models"][card["feature_set"]]
    departments = (
        (
            row["group"],
            str(row["n"]),
            f"{row['expected']:.1f}",
            str(row["observed"]),
            f"{row['low']:.1f} to {row['high']:.1f}",
        )
        for row in side["departures"]["departement"]
    )
    return (
        "Ten groups of equal size, by predicted probability:\n\n"
        + bins(side["calibration"])
        + f"\n\nExpected calibration error: {side['calibration']['expected_calibration_error']:.3f}.\n\n"
        + table(("department", "people", "expected departures", "departures", "95 % interval"), departments)
    )


def bins(calibration: dict) -> str:
    """The ten groups of a calibration; those whose probability lies outside the interval are marked."""
    rows = (
        (
            f"{row['predicted']:.1%}",
            f"{row['observed']:.1%}",
            f"{row['low']:.1%} to {row['high']:.1%}",
            "" if row["low"] <= row["predicted"] <= row["high"] else "**outside**",
        )
        for row in calibration["bins"]
    )
    return table(("predicted", "left", "95 % interval", ""), rows)


def out_of_time(card: dict) -> str:
    """The forecast of an earlier day beside what happened after it."""
    test, horizon = card["out_of_time"], card["horizon_months"]
    if not horizon:
        return "A classification of one table has no horizon, and no later months to be tested on."
    if not test:
        return f"{horizon} months is not tested yet: the history is too short to hold back later months."

    def verdict(row: dict) -> str:
        if row["low"] <= row["expected"] <= row["high"]:
            return "within"
        return "**too low**" if row["expected"] < row["low"] else "**too high**"

    quarters = (
        (
            str(row["since"]),
            f"{row['people']:,}",
            f"{row['expected']:.1f}",
            f"{row['observed']:,}",
            f"{row['low']:.1f} to {row['high']:.1f}",
            verdict(row),
        )
        for row in test["quarters"]
    )
    first = (
        (
            f"{row['people']:,}",
            f"{row['expected']:.1f}",
            f"{row['departures']:,}",
            f"{row['low']:.1f} to {row['high']:.1f}",
            verdict(row),
        )
        for row in test["first"]
    )
    shown = {name: text for name, text in FIGURES.items() if name in test["metrics"]}
    untested = (
        f" **{horizon} months is not tested yet: the history allows {test['months']}.**"
        if test["months"] < horizon
        else ""
    )
    return (
        f"Learned until {test['learned_until']} from {test['learned_departures']:,} departures. Of the "
        f"{test['people']:,} people of that day {test['expected']:.0f} were expected to leave within "
        f"{test['months']} months ({test['low']:.0f} to {test['high']:.0f}, 95 %); {test['departures']:,} left or "
        f"vanished: {test['departures'] - test['vanished']:,} left, {test['vanished']:,} vanished.{untested}\n\n"
        + table(("quarter from", "people", "expected", "happened", "95 % interval", "the forecast"), quarters)
        + "\n\n"
        + table(("the riskiest", "expected", "happened", "95 % interval", "the forecast"), first)
        + "\n\n"
        + bins(test["calibration"])
        + "\n\n"
        + table(
            ("", "figure, spread and 95 % interval"),
            (
                (text, f"{figure['mean']:.3f} ± {figure['sd']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})")
                for name, text in shown.items()
                for figure in [test["metrics"][name]]
            ),
        )
    )


def packages() -> str:
    """The packages and sub-packages, and which of them import which, as a Mermaid drawing; tests are left out."""
    import grimp

    graph = grimp.build_graph("technova", *APPS, cache_dir=None)
    arrows = {
        (room_of(importer), room_of(imported))
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if not {"tests", "migrations"} & set(f"{importer}.{imported}".split("."))
    }
    rooms = sorted({room for arrow in arrows for room in arrow})
    lines = ["flowchart BT"]
    for package in ("technova", *APPS):
        lines.append(f"    subgraph {package}")
        lines += [f"        {room}[{room.partition('.')[2]}]" for room in rooms if room.split(".")[0] == package]
        lines.append("    end")
    lines += [f"    {importer} --> {imported}" for importer, imported in sorted(arrows) if importer != imported]
    return "```mermaid\n" + "\n".join(lines) + "\n```"


def room_of(module: str) -> str:
    """``predictions.api`` for a module of a sub-package, ``predictions.modules`` for one directly in the package."""
    package, _, rest = module.partition(".")
    room = rest.partition(".")[0]
    return f"{package}.{room}" if room and (ROOT / package / room).is_dir() else f"{package}.modules"


def threshold(card: dict) -> str:
    from predictions.ml.assessment import thresholds

    points = thresholds.from_card(card["threshold"]["curve"])
    people = {name: card["training"][name] for name in ("employees", "base_rate")}
    rules = [thresholds.parse(choice["rule"]) for choice in card["threshold"]["choices"]]
    made = thresholds.at(points, card["threshold"]["value"], costs=rules[0].costs, **people)
    # The others from the curve: a card may be older than the rules.
    choices = [made, *(thresholds.simulate(points, rule, **people) for rule in rules[1:])]
    rows = (
        (
            f"`{rule}`",
            f"{choice.threshold:g}",
            f"{choice.flagged / people['employees']:.1%}",
            f"{choice.here:.0f}",
            f"{choice.precision:.1%}",
            f"{choice.recall:.1%}",
        )
        for rule, choice in zip(rules, choices, strict=True)
    )
    return (
        f"A person counts as at risk from {card['threshold']['value']:g} on, chosen by `{card['threshold']['rule']}`. "
        "What each rule would choose on the out-of-fold predictions:\n\n"
        + table(
            ("rule", "threshold", "flagged", "of them still here, people", "of them leave", "of the leavers flagged"),
            rows,
        )
    )


def fairness(card: dict) -> str:
    parts = []
    for selection, title in (("threshold", "At the threshold of each test"), ("top_20", "In the top 20 %")):
        for side, label in (("default", "this model"), ("all", "with the protected features")):
            rows = (
                (
                    row["group"] + (" (small group)" if row["is_small"] else ""),
                    str(row["n"]),
                    *(with_interval(row[name]) for name in RATES),
                )
                for row in card["models"][side]["fairness"][selection]
            )
            parts.append(f"### {title}, {label}\n\n" + table(("group", "people", *RATES.values()), rows))
    return (
        "Reported as they are: leaving the columns out does not remove every gap. At the threshold of "
        f"{card['threshold']['value']:g}, between the groups with the highest and the lowest figure, with intervals "
        "that allow for the number of pairs:\n\n"
        + disparities(card)
        + "\n\nIn the tables below, each interval is for one group, and the ratio is to everyone else; the threshold "
        "is the one that each model chose in each test without the people tested.\n\n" + "\n\n".join(parts)
    )


def disparities(card: dict) -> str:
    """The ratio of selection rates and the gap of recall of each attribute, of the groups that are not small."""
    from predictions.ml.artifacts.card_format import ATTRIBUTES
    from predictions.ml.assessment import disparity

    rows, at = [], card["threshold"]
    for attribute, title in ATTRIBUTES.items():
        judged = [each for each in card["group_curves"] if each["attribute"] == attribute and not each["is_small"]]
        rates, recall = (
            {
                each["group"]: disparity.rate_at(at["value"], at["curve"]["threshold"], each[counts], each[people])
                for each in judged
                if each[people]
            }
            for counts, people in (("flagged", "n"), ("caught", "leavers"))
        )
        for name, found in (("flagged, ratio", disparity.ratio(rates)), ("recall, gap", disparity.gap(recall))):
            if found:
                kept = ("yes" if found.keeps_four_fifths else "no") if "ratio" in name else ""
                figure = {"value": found.value, "low": found.low, "high": found.high}
                rows.append((title, name, f"{found.lowest} to {found.highest}", with_interval(figure), kept))
    return table(("", "figure", "from the lowest to the highest", "", "four-fifths rule met"), rows)


def with_interval(figure: dict | None) -> str:
    return f"{figure['value']:.2f} ({figure['low']:.2f} to {figure['high']:.2f})" if figure else "-"


def proxies(card: dict) -> str:
    rows = (
        (
            f"`{row['attribute']}`",
            f"{row['together']:.0%}",
            ", ".join(f"`{each['feature']}` {each['share']:.0%}" for each in row["features"][:3]),
        )
        for row in card["proxies"]
    )
    return "The share of each protected attribute that the features in use explain.\n\n" + table(
        ("attribute", "all together", "the strongest alone"), rows
    )


def uncertainty(card: dict) -> str:
    found = card["uncertainty"]
    rows = (
        (f"{row['low']:.3f} to {row['high']:.3f}", f"{row['coverage']:.1%}") for row in found["coverage"]["by_risk"]
    )
    return (
        f"The 90 % intervals hold a truth that is known in {found['coverage']['overall']:.1%} of simulated cases "
        f"(scale {found['interval_scale']:.3f}). By fifths of the risk:\n\n" + table(("probability", "coverage"), rows)
    )


def shapes(card: dict) -> str:
    rows = (
        (
            f"`{shape['feature']}`",
            f"{shape['weight']:.2f}",
            f"{min(shape['effect']):+.2f} to {max(shape['effect']):+.2f}",
        )
        for shape in card["shapes"]
    )
    return "In log-odds, 0 for the average employee.\n\n" + table(("feature", "mean weight", "effect"), rows)


FIGURES = {
    "roc_auc": "ROC-AUC",
    "average_precision": "average precision",
    "best_f2": "F2",
    "best_f1": "F1",
    "brier": "Brier score",
    "precision_top_10": "precision in the top 10 %",
    "recall_top_20": "recall in the top 20 %",
    "calibration_slope": "calibration slope",
    "calibration_intercept": "calibration intercept",
}
RATES = {
    "selection_rate": "selected",
    "selection_ratio": "ratio",
    "recall": "recall",
    "precision": "precision",
    "observed_to_expected": "departures to expected",
}


def retention() -> str:
    """The table of retention in English, with the settings' defaults."""
    django_setup()
    from django.utils.translation import override

    from predictions.retention.rules import RULES

    header = ("data", "what it holds", "kept", "setting", "ground", "the company decides")
    with override("en"):
        rows = [
            (
                str(rule.what),
                str(rule.holds),
                rule.kept_since,
                f"`{rule.setting}`" if rule.setting else "",
                str(rule.ground),
                str(rule.decides),
            )
            for rule in RULES
        ]
    return table(header, rows)


PARTS = {
    "retention": retention,
    "features": features,
    "extracts": extracts,
    "purposes": purposes,
    "roles": roles,
    "settings": settings,
    "commands": commands,
    "models": models,
    "model_card": model_card,
    "packages": packages,
    "rivals": rivals,
}
