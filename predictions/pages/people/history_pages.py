"""The history pages: a filtered list of the log, and each prediction with its reasons and input."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from employees import journal
from employees.access import figures_of, readable_to, reads_rounded, scope_of
from employees.columns import MAX_EMPLOYEE_ID
from employees.workforce.naming import with_names
from features import readable_features, schema
from predictions.decisions.threshold_decisions import InForce, expected_in_force
from predictions.explanation import in_full
from predictions.models import MAX_PREDICTION_ID, Prediction, ScoringRun
from predictions.pages.days import DAYS, DayField, PeriodForm
from predictions.pages.model import threshold_page
from predictions.pages.people import shown_score
from predictions.registry import card_of, current_model
from predictions.rights.contests import contest_of
from predictions.selectors import log_pages, runs
from technova.web.requests import Request

NUMBER = "employee__employee_id"
ALL = "all"  # beside the modes: the scores of the runs, too
RUNS = 12  # that open the log, one line each


class LogFilterForm(PeriodForm):
    """The filters of the log."""

    employee = forms.IntegerField(
        label=gettext_lazy("Employee number"), required=False, min_value=1, max_value=MAX_EMPLOYEE_ID
    )
    mode = forms.ChoiceField(label=gettext_lazy("Mode"), required=False)
    predicted_class = forms.TypedChoiceField(
        label=gettext_lazy("Answer"), required=False, coerce="true".__eq__, empty_value=None
    )
    model_version = forms.ChoiceField(label=gettext_lazy("Model"), required=False)
    since = DayField(label=gettext_lazy("From"), validators=DAYS)
    until = DayField(label=gettext_lazy("Until"), validators=DAYS)
    run = forms.IntegerField(required=False, min_value=1, max_value=MAX_PREDICTION_ID, widget=forms.HiddenInput)
    before = forms.IntegerField(required=False, min_value=1, max_value=MAX_PREDICTION_ID, widget=forms.HiddenInput)
    after = forms.IntegerField(required=False, min_value=1, max_value=MAX_PREDICTION_ID, widget=forms.HiddenInput)

    OF_PEOPLE = ("employee", "predicted_class")  # not for accounts that may read no score

    def __init__(self, *args, shows_people: bool, **kwargs):
        super().__init__(*args, **kwargs)
        versions = dict.fromkeys([current_model().version, *log_pages.model_versions()])
        choices: dict[str, list[tuple[str, Any]]] = {
            "mode": [(ALL, _("Any mode")), *((mode.value, capfirst(mode.label)) for mode in Prediction.Mode)],
            "predicted_class": [("true", _("Over the threshold")), ("false", _("Under the threshold"))],
            "model_version": [(version, version) for version in versions],
        }
        for name, options in choices.items():
            field: Any = self.fields[name]  # of choices
            field.choices = [("", _("Asked for one by one") if name == "mode" else _("All")), *options]
        if not shows_people:
            for name in self.OF_PEOPLE:
                del self.fields[name]

    @property
    def is_folded(self) -> bool:
        """Whether no filter is set: the runs are then one line each, and their rows are left out."""
        return not any(self.data.get(name) for name in self.fields.keys() - {"before", "after"})


@require_safe
def history(request: Request) -> HttpResponse:
    """The log within the account's scope, newest first; for an auditor the whole log, without people and scores.

    It opens with what people and programs asked for: a run writes a row for everyone, and is one line here.
    """
    shows_people, readable = not scope_of(request.user).is_empty, readable_to(request.user)
    form = LogFilterForm(request.GET, shows_people=shows_people)
    page, page_asked = None, False
    if form.is_valid():
        wanted = dict(form.cleaned_data)
        place = {"before": wanted.pop("before"), "after": wanted.pop("after")}
        page_asked = any(place.values())
        log = Prediction.objects.visible_to(request.user) if shows_people else Prediction.objects.all()
        wanted["mode"] = "" if wanted["mode"] == ALL else wanted["mode"]
        log = log.exclude(mode=Prediction.Mode.SCORING) if form.is_folded else log
        page = log_pages.page(with_names(log_pages.filtered(log, **wanted), NUMBER, readable), **place)
    named = [row.employee_id for row in page.rows if row.employee_id] if page and shows_people else []
    journal.record_rows(journal.What.LIST, named, user=request.user)
    rows = [shown_score.Shown(row, readable) for row in page.rows] if page else []
    context: dict[str, Any] = {"form": form, "page": page, "rows": rows, "shows_people": shows_people}
    scope = figures_of(request.user)[0]
    context["is_rounded"] = is_rounded = reads_rounded(request.user)
    if form.is_folded and not page_asked:
        # two runs of a day differ by the people of whom something was recorded in between, such as an objection
        listed = ScoringRun.objects.in_force() if is_rounded else ScoringRun.objects.all()
        newest = list(listed.order_by("-id")[:RUNS])
        figures = runs.figures_within(scope, newest)
        context["runs"] = [(run, figures[run.pk].rounded() if is_rounded else figures[run.pk]) for run in newest]
    if scope.sees_everyone:
        context |= threshold_page.history(is_rounded=is_rounded)
    return render(request, "history/history.html", context)


@require_safe
def prediction(request: Request, prediction_id: int) -> HttpResponse:
    """One prediction: result, caller, reasons and input."""
    rows = Prediction.objects.visible_to(request.user).select_related("employee", "features", "user", "api_key", "run")
    readable = readable_to(request.user)
    shown = shown_score.Shown(get_object_or_404(with_names(rows, NUMBER, readable), pk=prediction_id), readable)
    employee = shown.prediction.employee
    journal.record(journal.What.PREDICTION, user=request.user, employee=employee, people=int(employee is not None))
    sources = [
        (_(feature.label), in_full(feature, shown.values[feature.name]))
        for feature in schema.FEATURES
        if feature.name in shown.values and not readable_features.is_off(feature.name)
    ]
    run = shown.prediction.run
    advice = shown_score.advice(
        card_of(shown.prediction.model_version), InForce.of(run) if run else expected_in_force()
    )
    withheld = readable_features.withheld(readable, schema.FEATURE_NAMES)
    contest = contest_of(employee, readable) if employee else ""
    context = {"contest": contest, "score": shown, "sources": sources, "withheld": withheld, "advice": advice}
    return render(request, "history/prediction.html", context)
