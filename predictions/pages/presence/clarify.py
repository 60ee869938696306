"""To clarify: absent people; HR answers, and revokes answers."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from employees import journal
from employees.access import readable_to, scope_of
from employees.columns import MAX_EMPLOYEE_ID
from employees.models import PresenceAnswer, WorkforceDay
from employees.workforce import clarifying
from employees.workforce.clarifying import Changed, Departure, LeftTooEarly
from employees.workforce.known_values import History
from employees.workforce.listing import last_jobs
from employees.workforce.naming import with_names
from predictions import rescoring
from predictions.formats import grouped
from predictions.pages.days import DayField
from predictions.pages.people.list_form import label
from predictions.pages.presence import answering
from predictions.pages.presence.answering import NUMBER, for_answerers
from technova.database.locks import Busy
from technova.web.requests import Request

LARGEST_KEY = 2**63 - 1


class KeysField(forms.Field):
    """Ticked boxes that share a name: positive whole numbers."""

    widget = forms.MultipleHiddenInput

    def __init__(self, *, largest: int, **kwargs):
        super().__init__(required=False, **kwargs)
        self.largest = largest

    def clean(self, value) -> list[int]:
        words = value or []
        if not all(map(self._is_key, words)):
            raise forms.ValidationError(_("This is not one of the boxes of the page."))
        return [int(word) for word in words]

    def _is_key(self, word: str) -> bool:
        return word.isascii() and word.isdigit() and len(word) < 20 and int(word) <= self.largest


class AnswerForm(forms.Form):
    """The people, the answer and, for a departure, its day and reason if known."""

    number = KeysField(largest=MAX_EMPLOYEE_ID)
    everyone = forms.BooleanField(required=False)
    revision = forms.UUIDField(required=False)
    answer = forms.ChoiceField(choices=PresenceAnswer.Kind.choices)
    left_by = DayField(
        label=gettext_lazy("Day of departure"),
        help_text=gettext_lazy("Empty: between the last extract that holds them and the first that does not."),
    )
    because = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        required=False,
        choices=[("", gettext_lazy("Unknown")), *answering.REASONS.items()],
    )

    def clean(self):
        super().clean()
        cleaned = self.cleaned_data
        if not cleaned.get("number") and not cleaned.get("everyone") and not self.errors:
            raise forms.ValidationError(_("Tick at least one person."))
        day, newest = cleaned.get("left_by"), WorkforceDay.objects.last()
        if day and (newest is None or day > newest.as_of or day.year < 1950):
            self.add_error("left_by", _("Enter a day no later than the newest extract."))

    @property
    def departure(self) -> Departure | None:
        """None where the people are there."""
        if self.cleaned_data["answer"] == PresenceAnswer.Kind.HERE:
            return None
        return Departure(self.cleaned_data["left_by"], self.cleaned_data["because"])


@require_http_methods(["GET", "HEAD", "POST"])
@for_answerers
def clarify(request: Request) -> HttpResponse:
    """The absent people, and HR's answers about them."""
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        _answer(request, form)
        if not form.errors:
            return redirect("clarify")
    absent = with_names(clarifying.absent(scope_of(request.user)), NUMBER, readable_to(request.user))
    rows, page = answering.counted_page(request, absent)
    journal.record_rows(journal.What.LIST, [row.employee_id for row in rows], user=request.user)
    day = WorkforceDay.objects.last()
    context = {
        "tabs": answering.tabs(request),
        "form": form,
        "rows": _with_jobs(rows, ticked=request.POST.getlist("number")),
        "page": page,
        "revision": day.revision if day else None,
        "scoring": answering.scoring_state(day, scope_of(request.user)),
    }
    return render(request, "presence/clarify.html", context, status=422 if form.errors else 200)


def _answer(request: Request, form: AnswerForm) -> None:
    asked = form.cleaned_data
    try:
        answered = clarifying.answer_absent(
            scope=scope_of(request.user),
            numbers=None if asked["everyone"] else asked["number"],
            departure=form.departure,
            revision=asked["revision"],
            user=request.user,
        )
    except LeftTooEarly as error:
        text = _(
            "On %(date)s the SIRH extract still held %(number)s. Choose that day or a later one, or leave it empty."
        )
        params = {"date": answering.short(error.last_listed), "number": error.number}
        form.add_error("left_by", text % params)
    except Changed:
        messages.warning(request, _("The list has changed meanwhile, so nothing was recorded: look at it again."))
    except Busy as error:
        messages.error(request, _(str(error)))
    else:
        _tell_and_score(request, len(answered))


def _tell_and_score(request: Request, count: int) -> None:
    if not count:
        messages.info(request, _("No answer was needed any more: somebody has answered meanwhile."))
        return
    text = ngettext("%(count)s answer is recorded.", "%(count)s answers are recorded.", count)
    messages.success(request, text % {"count": grouped(count)})
    rescoring.rescore.enqueue()


def _with_jobs(rows: list, *, ticked: list[str]) -> list[dict]:
    jobs = last_jobs(History.now(), [row.employee.employee_id for row in rows]) if rows else {}
    return [
        {
            "number": row.employee.employee_id,
            "name": row.name,
            "is_ticked": str(row.employee.employee_id) in ticked,
            "department": label("departement", row.departement),
            "job": label("poste", jobs.get(row.employee.employee_id, "")),
            "since": answering.short(row.since),
            "last_listed": answering.short(row.last_listed),
        }
        for row in rows
    ]


class RevokeForm(forms.Form):
    answer = KeysField(largest=LARGEST_KEY)

    def clean_answer(self) -> list[int]:
        if not self.cleaned_data["answer"]:
            raise forms.ValidationError(_("Tick at least one answer."))
        return self.cleaned_data["answer"]


@require_http_methods(["GET", "HEAD", "POST"])
@for_answerers
def answers(request: Request) -> HttpResponse:
    """Every answer, who gave it and when; those in force can be taken back."""
    scope = scope_of(request.user)
    form = RevokeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        _revoke(request, form)
        return redirect("clarify_answers")
    named = with_names(clarifying.answers_within(scope), NUMBER, readable_to(request.user))
    page = answering.paged(request, named)
    rows = [{"answer": row, "when": answering.when(row), "because": answering.reason(row.left_because)} for row in page]
    journal.record_rows(journal.What.LIST, [row.employee_id for row in page], user=request.user)
    context = {"tabs": answering.tabs(request), "form": form, "page": page, "rows": rows}
    return render(request, "presence/answers.html", context, status=422 if form.errors else 200)


def _revoke(request: Request, form: RevokeForm) -> None:
    keys = form.cleaned_data["answer"]
    try:
        count = clarifying.revoke_within(scope=scope_of(request.user), keys=keys, user=request.user)
    except Busy as error:
        messages.error(request, _(str(error)))
        return
    if count:
        text = ngettext("%(count)s answer is taken back.", "%(count)s answers are taken back.", count)
        messages.success(request, text % {"count": grouped(count)})
        rescoring.rescore.enqueue()


@require_POST
@for_answerers
def rescore(request: Request) -> HttpResponse:
    """Score everyone again, as the page offers."""
    if answering.scoring_state(WorkforceDay.objects.last(), scope_of(request.user)) == "due":
        rescoring.rescore.enqueue()
    return redirect("clarify")
