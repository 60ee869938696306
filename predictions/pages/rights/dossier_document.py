"""The dossier in plain words, as its person reads it: made from the same data as the JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from employees import terms
from employees.columns import BY_NAME, Extract
from employees.models import ROWS, Presence
from features import schema
from predictions.compliance.services import answers
from predictions.explanation import in_full
from predictions.formats import grouped, horizon, model_name, money, percent
from predictions.pages.compliance.document import Document, Section, Table, section
from predictions.rights.corrected import label_of, shown

SENTENCES = 3  # reasons of an earlier score
FILES = {
    Extract.SIRH: gettext_lazy("HR system"),
    Extract.EVAL: gettext_lazy("appraisals"),
    Extract.SONDAGE: gettext_lazy("survey"),
    Extract.ANNUAIRE: gettext_lazy("directory"),
}


def document(found: Mapping[str, Any]) -> Document:
    """``found`` is ``predictions.rights.dossier.dossier``."""
    runs = [each for each in found["predictions"] if each["is_of_run"]]
    return Document(
        "dossier",
        _("Your data in TechNova"),
        _("Employee number %(number)s. For you alone.") % {"number": found["number"]},
        [
            *_beginning(found),
            *_data(found),
            *_scores(found, runs),
            _what_would_change(found["what_would_change"]),
            *_followed(found),
            _requests(found["requests"]),
            _who_looked(found["who_looked"]),
            section(
                _("For how long it is kept"),
                *_held(found["held_for_a_dispute"]),
                table=Table([_("Data"), _("Kept")], _rows(found["kept_for"].items())),
            ),
            _rights(),
        ],
    )


def _held(holds: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in holds:
        text = _("Held for a dispute since %(since)s, whatever the table says. The reason: %(reason)s")
        if each["until"]:
            text = _("Held for a dispute from %(since)s to %(until)s. The reason: %(reason)s")
        days = {name: _day(each[name]) for name in ("since", "until") if each[name]}
        yield text % {**days, "reason": each["reason"]}


def _beginning(found: Mapping[str, Any]) -> Iterator[Section]:
    numbers = ", ".join(map(str, found["other_numbers"]))
    yield section(
        _("What this is"),
        _(
            "HR uses TechNova, a program that estimates from data of work who may leave the company, "
            "to offer a talk in time."
        ),
        _(
            "An estimate says what happened to people with similar data. It is often wrong, "
            "and a person always decides."
        ),
        _("You also stand in the files under other numbers: %(numbers)s.") % {"numbers": numbers} if numbers else "",
    )


def _data(found: Mapping[str, Any]) -> Iterator[Section]:
    yield section(
        _("What the files say about you"),
        _("Each value with the file that it comes from and the days of the files that said so."),
        table=Table([_("What"), _("Value"), _("From"), _("Days of the files")], list(_values(found["extracts"]))),
    )
    if found["corrections"]:
        yield section(_("What was corrected"), bullets=[each["in_words"] for each in found["corrections"]])
    if found["refused_values"]:
        yield section(
            _("What was refused in the files"),
            table=Table(
                [_("Day"), _("What"), _("Text in the file")],
                [[_day(row["extract__as_of"]), _label(row["column"]), row["value"]] for row in found["refused_values"]],
            ),
        )
    yield section(
        _("When you were in the company, according to the files"),
        table=Table(
            [_("As of"), _("State"), _("Department")],
            [
                [
                    _day(row["as_of"]),
                    capfirst(str(Presence(row["presence"]).label)) if row["presence"] else "–",
                    terms.label("departement", row["departement"]) if row["departement"] else "–",
                ]
                for row in found["presence_over_time"]
            ],
        ),
    )
    if found["features"]:
        newest = found["features"][-1]
        made = [feature for feature in schema.FEATURES if feature.is_engineered and not feature.is_protected]
        yield section(
            _("What is calculated from your data"),
            _("As of %(day)s. Earlier values are in the file for a computer (JSON).") % {"day": _day(newest["as_of"])},
            table=Table(
                [_("What"), _("Value")],
                [[capfirst(_(each.label)), in_full(each, newest["values"][each.name])] for each in made],
            ),
        )


def _values(extracts: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """A line for each value that a column had, as long as the files said the same; what was taken back says so."""
    for kind in Extract:
        rows = [row for row in extracts if row["kind"] == kind]
        for name in ROWS[kind].value_names() if rows else ():
            told = [(shown(name, row["values"][name]), row) for row in rows]
            for (value, is_in_force), same in groupby(told, key=lambda each: (each[0], each[1]["is_in_force"])):
                days = [row["as_of"] for _value, row in same]
                if value == "–" and len(told) == len(days):
                    continue  # never given
                yield [
                    _label(name),
                    value,
                    str(FILES[kind]) if is_in_force else _("%(file)s, taken back") % {"file": FILES[kind]},
                    _between(days[0], days[-1]),
                ]


def _label(name: str) -> str:
    if name not in BY_NAME:
        return name or _("Whole line")
    return label_of(name)


def _scores(found: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> Iterator[Section]:
    if found["objects_to_scoring_since"]:
        yield section(
            _("Your objection"),
            _("You have objected to being scored: since %(day)s no score is made. Those of before follow, as evidence.")
            % {"day": _day(found["objects_to_scoring_since"])},
        )
    if not runs:
        yield section(_("Your scores"), _("You have not been scored."))
        return
    newest, has_objected = runs[-1], bool(found["objects_to_scoring_since"])
    yield section(
        _("Your last score from before the objection") if has_objected else _("Your newest score"),
        (
            _("As of %(day)s, the estimated probability that you leave %(horizon)s was %(risk)s.")
            if has_objected
            else _("As of %(day)s, the estimated probability that you leave %(horizon)s is %(risk)s.")
        )
        % {
            "day": _day(newest["describes"]),
            "horizon": horizon(newest["horizon_months"]),
            "risk": percent(newest["probability"]),
        },
        _looked_at(newest, has_objected=has_objected),
        _interval(newest),
        found["contest"],
        _("Why, in points of probability against the average employee:"),
        bullets=newest["reasons"],
    )
    earlier = [
        [
            _day(each["describes"]),
            _("not enough data") if each["is_extrapolated"] else percent(each["probability"]),
            percent(each["threshold"]),
            " ".join(f"{reason}." for reason in each["reasons"][:SENTENCES]),
        ]
        for each in runs[-2::-1]
    ]
    if earlier:
        yield section(
            _("Your earlier scores"),
            _("With the three reasons that weighed most; the file for a computer has all of them."),
            table=Table([_("As of"), _("Risk"), _("Threshold"), _("Why")], earlier),
        )
    others = Counter(each["asked_by"] for each in found["predictions"] if not each["is_of_run"])
    if others:
        yield section(
            _("Scores that somebody asked for in between"),
            _("Tries with other values are among them; each is in the file for a computer."),
            table=Table([_("Who"), _("How often")], [[who, grouped(times)] for who, times in others.items()]),
        )
    yield section(
        _("The versions of the model that scored you"),
        table=Table(
            [_("Version"), _("First"), _("Last"), _("Scores")],
            [
                [
                    model_name(each["version"]),
                    _day(each["first"]),
                    _day(each["last"]),
                    grouped(each["scores"]),
                ]
                for each in found["model_versions"]
            ],
        ),
    )


def _looked_at(score: Mapping[str, Any], *, has_objected: bool) -> str:
    """Whether the score is one that HR looks at first, or was until the person objected."""
    if score["is_extrapolated"]:
        return ""
    if score["is_over_the_threshold"]:
        text = (
            _("HR looked first at those from %(threshold)s on: you were among them.")
            if has_objected
            else _("HR looks first at those from %(threshold)s on: you are among them.")
        )
    else:
        text = (
            _("HR looked first at those from %(threshold)s on: you were not among them.")
            if has_objected
            else _("HR looks first at those from %(threshold)s on: you are not among them.")
        )
    return text % {"threshold": percent(score["threshold"])}


def _interval(score: Mapping[str, Any]) -> str:
    if score["is_extrapolated"]:
        return _("Not enough data: the model has seen nobody with such data, so this number says nothing about you.")
    if score["interval"] is None:
        return ""
    low, high = score["interval"]
    return _("The model is this sure of it: between %(low)s and %(high)s, nine times out of ten.") % {
        "low": percent(low, 0),
        "high": percent(high, 0),
    }


def _what_would_change(found: Mapping[str, Any] | None) -> Section:
    title = _("What would change the score")
    if found is None:
        return section(title, _("You are not scored, so nothing would."))
    if found["is_extrapolated"]:
        return section(title, _("Not enough data: no score of yours can be relied on, so none can be changed."))
    values = {"risk": percent(found["probability"]), "threshold": percent(found["threshold"])}
    if not found["is_over_the_threshold"]:
        return section(
            title,
            _("With your newest data the score is %(risk)s, under the threshold of %(threshold)s already.") % values,
        )
    change = found["smallest_change"]
    if change is None:
        return section(
            title,
            _("With your newest data the score is %(risk)s. No change that HR can make brings it under %(threshold)s.")
            % values,
        )
    return section(
        title,
        _(
            "This is what goes with fewer departures among people with such data; no measure was tested, "
            "and none is promised."
        ),
        _(
            "With your newest data the score is %(risk)s. The smallest change that brings it under %(threshold)s, "
            "to %(then)s:"
        )
        % (values | {"then": percent(change["probability"])}),
        bullets=change["what"],
    )


def _followed(found: Mapping[str, Any]) -> Iterator[Section]:
    if not found["cases"]:
        yield section(_("What HR did about it"), _("No case was opened about you."))
    for case in found["cases"]:
        yield section(
            _("A case that HR opened on %(day)s") % {"day": _day(case["opened_at"])},
            _("State: %(state)s. Responsible: %(who)s.") % {"state": case["state"], "who": case["responsible"]},
            _("Why it was opened: %(why)s") % {"why": case["why"]} if case["why"] else "",
            _("Why it was set aside: %(why)s") % {"why": case["why_set_aside"]} if case["why_set_aside"] else "",
            _("Notes of talks that tell of other people are left out: %(count)s.") % {"count": case["notes_left_out"]}
            if case["notes_left_out"]
            else "",
            bullets=list(_happened(case)),
        )
    if found["exit_interviews"]:
        yield section(
            _("Exit interviews"),
            table=Table(
                [_("Day"), _("Main motive"), _("Goes to"), _("Would have stayed if")],
                [
                    [_day(each["day"]), each["motive"], each["destination"], each["would_have_stayed_if"] or "–"]
                    for each in found["exit_interviews"]
                ],
            ),
        )


def _happened(case: Mapping[str, Any]) -> Iterator[str]:
    for change in case["changes"]:
        text = _("%(day)s, %(who)s: %(state)s") % {
            "day": _day(change["at"]),
            "who": change["by"],
            "state": change["state"],
        }
        yield f"{text}. {change['word']}" if change["word"] else text
    for note in case["notes"]:
        who = " · ".join(filter(None, [_day(note["day"]), note["who"]]))
        yield _("Talk, %(who)s: %(text)s") % {
            "who": who,
            "text": note["text"] or _("this note cannot be read any more"),
        }
    for action in case["actions"]:
        cost = money(action["cost"]) if action["cost"] is not None else _("cost not known")
        text = _("Agreed from %(day)s on: %(action)s (%(cost)s)") % {
            "day": _day(action["day"]),
            "action": action["action"],
            "cost": cost,
        }
        if action["is_taken_back"]:
            text = _("%(text)s; taken back") % {"text": text}
        elif action["is_corrected"]:
            text = _("%(text)s; corrected later") % {"text": text}
        yield text


def _requests(requests: Sequence[Mapping[str, Any]]) -> Section:
    if not requests:
        return section(_("What you asked"), _("No request of yours is recorded."))
    rows = [
        [_day(each["received_on"]), capfirst(each["kind"]), capfirst(each["state"]), each["answer"] or "–"]
        for each in requests
    ]
    return section(_("What you asked"), table=Table([_("Received"), _("You asked"), _("State"), _("Answer")], rows))


def _who_looked(looks: Sequence[Mapping[str, Any]]) -> Section:
    rows = [
        [
            date_format(localtime(each["at"]), "SHORT_DATETIME_FORMAT"),
            each["who"],
            each["what"],
            each["what_for"] or "–",
        ]
        for each in reversed(looks)
    ]
    return section(
        _("Who looked"),
        _("Everyone who was shown you alone. Lists and files of many people are recorded as a number of people."),
        table=Table([_("When"), _("Who"), _("What"), _("What for")], rows),
    )


def _rights() -> Section:
    given = answers()
    return section(
        _("What you may ask"),
        _("Write to: %(contact)s") % {"contact": given["contact"]} if given.get("contact") else "",
        _("The data protection officer: %(dpo)s") % {"dpo": given["dpo"]} if given.get("dpo") else "",
        bullets=[
            _("Have wrong data corrected."),
            _("Object, for reasons that are yours, and ask for erasure where the law allows it."),
            _("Contest a score: a person looks at it again and answers you."),
            _("Complain to the CNIL: www.cnil.fr."),
        ],
    )


def _between(first: date, last: date) -> str:
    if first == last:
        return _day(first)
    return _("%(first)s to %(last)s") % {"first": _day(first), "last": _day(last)}


def _day(day: date | datetime) -> str:
    return date_format(localtime(day) if isinstance(day, datetime) else day, "SHORT_DATE_FORMAT")


def _rows(pairs) -> list[list[str]]:
    return [list(pair) for pair in pairs]
