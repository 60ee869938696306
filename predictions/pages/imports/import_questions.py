"""The questions about the files of an import as a form, each with its proposal chosen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from employees import uploads
from employees.columns import KEY, Extract
from employees.extracts import Asked, Question
from employees.extracts.mapping import AMERICAN_DATES
from employees.extracts.parsing import read_number
from employees.extracts.questions import LAST_LINE
from employees.extracts.values import read_date
from employees.terms import columns_off, labelled
from employees.terms.changes import LONGEST, Unacceptable
from employees.vocabularies import NUMBERED
from predictions.formats import grouped
from predictions.pages.imports import import_lists

TITLES = import_lists.LABELS | {KEY: gettext_lazy("employee number")}
EXTRACTS = {
    Extract.SIRH: gettext_noop("SIRH extract"),
    Extract.EVAL: gettext_noop("Evaluation extract"),
    Extract.SONDAGE: gettext_noop("Survey extract"),
    Extract.ANNUAIRE: gettext_noop("Directory"),
}
AT_A_TIME = 300  # questions: Django takes 1,000 fields of a form
ASKS = {
    Asked.HEADER: gettext_noop("“%(header)s”"),
    Asked.COLUMN: gettext_noop("“%(header)s”"),
    Asked.ROW: gettext_noop("“%(text)s” instead of a number"),
    Asked.UNIT: gettext_noop("The pay in “%(header)s”"),
    Asked.FRACTION: gettext_noop("The percentages in “%(header)s”"),
    Asked.SCALE: gettext_noop("The marks in “%(header)s”"),
    Asked.DECIMAL: gettext_noop("Numbers such as “%(text)s”"),
    Asked.DATE: gettext_noop("Dates such as “%(text)s”"),
    Asked.VALUE: gettext_noop("“%(text)s” in “%(header)s”"),
    Asked.SHEET: gettext_noop("The sheet to read: %(extract)s"),
    Asked.LINE: gettext_noop("The line that names the columns"),
}
SAYS = {
    (Asked.HEADER, ""): gettext_noop("— left out —"),
    (Asked.COLUMN, ""): gettext_noop("— left out —"),
    (Asked.ROW, ""): gettext_noop("people: read these rows"),
    (Asked.UNIT, "1/12"): gettext_noop("by the year, over 12 months"),
    (Asked.UNIT, "1/13"): gettext_noop("by the year, over 13 months"),
    (Asked.UNIT, "1"): gettext_noop("by the month, as it stands"),
    (Asked.VALUE, ""): gettext_noop("nothing: unknown"),
    (Asked.VALUE, "F"): gettext_noop("woman"),
    (Asked.VALUE, "M"): gettext_noop("man"),
    (Asked.VALUE, "Oui"): gettext_noop("yes"),
    (Asked.VALUE, "Non"): gettext_noop("no"),
}


class QuestionsForm(forms.Form):
    """The questions about the files, some at a time; only those about words and corrections may stay unanswered."""

    def __init__(self, questions: Sequence[Question], *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.questions = questions[:AT_A_TIME]
        self.total = sum(not question.is_correction for question in questions) or len(questions)
        for place, question in enumerate(self.questions):
            self.fields[f"answer-{place}"] = _field(question)

    @property
    def answers(self) -> dict[int, str]:
        """By the place of the question."""
        given = {place: self.cleaned_data[f"answer-{place}"] for place in range(len(self.questions))}
        may_be_empty = {
            place for place, each in enumerate(self.questions) if not (each.is_of_words or each.is_correction)
        }
        return {place: value for place, value in given.items() if value or place in may_be_empty}

    @property
    def groups(self) -> list["QuestionGroup"]:
        """The fields by file."""
        groups: dict[str, QuestionGroup] = {}
        for place, question in enumerate(self.questions):
            group = groups.setdefault(question.file, QuestionGroup(question.file))
            is_left_out = question.is_of_titles and not question.proposal.value
            fields = group.places if question.is_correction else group.left_out if is_left_out else group.fields
            fields.append(self[f"answer-{place}"])
        return list(groups.values())

    @property
    def is_of_places(self) -> bool:
        """Whether nothing is asked but which sheet and line to read."""
        return all(question.is_correction for question in self.questions)

    @property
    def has_words(self) -> bool:
        return any(question.is_of_words for question in self.questions)

    @property
    def vocabularies(self) -> dict[str, list[tuple[str, str]]]:
        """The values to choose from, by column; each with its label."""
        return {name: labelled(name) for name in {each.column for each in self.questions if each.is_of_words}}


@dataclass
class QuestionGroup:
    """The questions about one file.

    ``left_out`` are the titles without a proposed column, ``places`` the sheet and the line that were read.
    """

    file: str
    fields: list[BoundField] = field(default_factory=list)
    left_out: list[BoundField] = field(default_factory=list)
    places: list[BoundField] = field(default_factory=list)


def _field(question: Question) -> forms.Field:
    if question.is_of_words:
        return WordAnswerField(question)
    return LineField(question) if question.asked == Asked.LINE else ChosenField(question)


class LineField(forms.IntegerField):
    """The number of a line, as a text."""

    def __init__(self, question: Question):
        super().__init__(
            label=_(ASKS[Asked.LINE]),
            initial=question.proposal.value,
            required=False,
            min_value=1,
            max_value=LAST_LINE,
            help_text=_("Line %(line)s was read: %(text)s") % {"line": question.line, "text": question.text},
        )

    def clean(self, value):
        return str(super().clean(value) or "")


class ChosenField(forms.ChoiceField):
    """One of the answers that there are."""

    def __init__(self, question: Question):
        super().__init__(
            choices=list(_choices(question)),
            initial=question.proposal.value,
            required=not (question.is_correction or "" in question.choices),
            label=_(ASKS[question.asked])
            % {"header": question.header, "text": question.text, "extract": _(EXTRACTS[question.extract])},
            help_text=_example(question),
        )


class WordAnswerField(forms.CharField):
    """A known value in any spelling, or the word itself for a new one."""

    def __init__(self, question: Question):
        self.question = question
        is_spelling = question.column in NUMBERED
        names = {"label": capfirst(TITLES[question.column]), "text": question.text}
        super().__init__(
            label=_("%(label)s: “%(text)s”") % names,
            initial="" if question.proposal.is_new and is_spelling else question.proposal.value,
            required=False,
            max_length=LONGEST,
            help_text=f"{_word_help(question, is_spelling)} {_example(question)}",
            widget=forms.TextInput(attrs={"list": f"values-{question.column}", "autocomplete": "off"}),
        )

    def clean(self, value):
        text = super().clean(value)
        try:
            return uploads.meaning_of(self.question, text) if text else ""
        except Unacceptable as error:
            raise ValidationError(error.message.said(_)) from error


def _choices(question: Question) -> Iterator[tuple[str, str]]:
    off = columns_off() if question.is_of_titles else ()
    for value in (choice for choice in question.choices if choice not in off):
        said = SAYS.get((question.asked, value))
        yield value, _(said) if said else _said(question, value)


def _said(question: Question, value: str) -> str:
    """An answer in words, with its effect on the example."""
    match question.asked:
        case Asked.HEADER | Asked.COLUMN:
            return str(capfirst(TITLES[value]))
        case Asked.ROW:
            return _("no people: skip these rows")
        case Asked.FRACTION:
            share = float((read_number(question.text.removesuffix("%").rstrip()) or 0) * int(value))
            return _("%(text)s is %(value)s%%") % {"text": question.text, "value": grouped(share, 2)}
        case Asked.SCALE:
            worst, best = value.split("-")
            return _("%(worst)s to %(best)s (%(best)s is best)") % {"worst": worst, "best": best}
        case Asked.DECIMAL:
            number = float(read_number(question.text, value) or 0)
            shown = grouped(number, 0 if number.is_integer() else 3)
            text = _("the comma is decimal: %(value)s") if value == "," else _("the point is decimal: %(value)s")
            return text % {"value": shown}
        case Asked.DATE:
            day = read_date(question.text, value == AMERICAN_DATES)
            text = _("the month first: %(date)s") if value == AMERICAN_DATES else _("the day first: %(date)s")
            return text % {"date": date_format(day) if day else "–"}
    return value


def _word_help(question: Question, is_spelling: bool) -> str:
    if is_spelling and question.proposal.is_new:
        return _("Choose the value that it spells.")
    if question.proposal.is_new:
        return _("A new value? Keep the word, or choose the known value that it spells.")
    text = _("The same as “%(value)s”? Otherwise choose another value, or enter the word of the file for a new one.")
    return text % {"value": question.proposal.value}


def _example(question: Question) -> str:
    if question.asked == Asked.SHEET:
        return _("The columns of “%(sheet)s”: %(text)s") % {"sheet": question.proposal.value, "text": question.text}
    if question.is_of_titles:
        return _("For example: %(text)s") % {"text": question.text} if question.text else _("The column is empty.")
    rows = {"text": question.text, "line": question.line, "count": grouped(question.count)}
    if question.is_of_words:
        return _("Rows: %(count)s, from line %(line)s.") % rows
    return _("For example “%(text)s”, line %(line)s; rows: %(count)s.") % rows
