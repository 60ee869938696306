"""The impact assessment as a file that the CNIL's PIA tool imports.

The format is that of the tool's own exports (github.com/LINCnil/pia, ``PiaService.importData``): the answers by the
numbers of its questions, texts as HTML, risks as lists, and levels from 1 to 4.
"""

from collections.abc import Iterator
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _

from predictions.pages.compliance.documents.impact import Point, points, risks
from predictions.pages.compliance.installation import Installation

KEY = 1  # of the assessment within the file; the tool gives its own


def export(facts: Installation) -> dict[str, Any]:
    """The file's content. What the company has not answered stays empty there."""
    return {
        "pia": _pia(facts),
        "answers": [_answer(key, point, facts) for key, point in enumerate(points(facts), start=1)],
        "measures": list(_measures(facts)),
        "evaluations": [],
        "comments": [],
    }


def _pia(facts: Installation) -> dict[str, Any]:
    opinion = facts.answer("dpo_said").text
    people = facts.answer("people_said").text
    return {
        "id": KEY,
        "status": 0,  # being written
        "name": _("Forecast of departures (TechNova)"),
        "category": _("Human resources"),
        "author_name": "",
        "evaluator_name": "",
        "validator_name": "",
        "dpo_status": None,
        "dpo_opinion": opinion,
        "dpos_names": facts.answer("dpo").text,
        "concerned_people_searched_opinion": bool(people),
        "concerned_people_searched_content": "",
        "concerned_people_opinion": people,
        "concerned_people_status": None,
        "people_names": "",
        "rejection_reason": "",
        "applied_adjustments": "",
        "created_at": f"{facts.day:%Y-%m-%d}T00:00:00.000Z",
        "updated_at": f"{facts.day:%Y-%m-%d}T00:00:00.000Z",
    }


def _answer(key: int, point: Point, facts: Installation) -> dict[str, Any]:
    is_list = point.number > 320 and point.number % 10 <= 4
    is_level = point.number > 320 and not is_list
    levels = [int(level) for answer in point.asked if (level := facts.given.get(answer.name))] if is_level else []
    return {
        "id": key,
        "pia_id": KEY,
        "reference_to": point.number,
        "data": {
            "text": "" if is_list or is_level else _html(point),
            "gauge": levels[0] if levels else None,
            "list": list(point.items) if is_list else [],
        },
        "created_at": f"{facts.day:%Y-%m-%d}T00:00:00.000Z",
    }


def _html(point: Point) -> str:
    given = [answer.sentence for answer in point.asked if answer.text]
    html = format_html_join("", "<p>{}</p>", ((text,) for text in [*point.texts, *given]))
    if point.items:
        html += format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((item,) for item in point.items)))
    return html


def _measures(facts: Installation) -> Iterator[dict[str, Any]]:
    texts = dict.fromkeys(text for risk in risks(facts) for text in risk.measures)
    for key, text in enumerate(texts, start=1):
        yield {"id": key, "pia_id": KEY, "title": text, "content": text, "placeholder": ""}
