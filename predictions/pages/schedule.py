"""What runs by itself, and when: for those who decide for the whole company."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.db import connection
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from predictions import clearing
from predictions.pages.administration.sections import tabs_of
from predictions.pages.model.threshold_page import for_deciders
from predictions.retention.rules import BY_NAME
from technova.jobs.models import Schedule
from technova.web.requests import Request


class Scheduled(NamedTuple):
    """A task as the page tells of it, and the rhythms of ``EVERY`` that make sense for it."""

    task: str
    title: Promise
    purpose: Promise | str
    rhythms: tuple[str, ...]


def _expiring() -> str:
    classes = [str(BY_NAME[name].what) for name in clearing.deletions()]
    named = ", ".join(each[0].lower() + each[1:] for each in classes)
    text = _("What has reached the end of its retention (page Data): %(classes)s. It also tells of overdue cases.")
    return text % {"classes": named}


TASKS = {
    "scores": Scheduled(
        "predictions.rescoring.rescore",
        gettext_lazy("Score everyone"),
        gettext_lazy("Where the workforce, the model or the threshold has changed since the newest scores."),
        ("day", "week", "month"),
    ),
    "deliveries": Scheduled(
        "predictions.deliveries.collect",
        gettext_lazy("Load delivered extracts"),
        gettext_lazy(
            "From the folder in which the source systems leave them, and from the API where other work was first. What "
            "leaves a question or an alarm waits for HR."
        ),
        ("often", "day", "week", "month"),
    ),
    "digest": Scheduled(
        "predictions.mails.services.write_digests",
        gettext_lazy("Write the digest"),
        gettext_lazy("By e-mail, to the accounts that asked for it on their page: counts with links."),
        ("week",),
    ),
    "mails": Scheduled(
        "predictions.mails.services.send_waiting",
        gettext_lazy("Send e-mail again"),
        gettext_lazy("Messages are sent as they are written; what could not be sent is tried again."),
        ("often",),
    ),
    "webhooks": Scheduled(
        "predictions.events.services.send_due",
        gettext_lazy("Tell other systems"),
        gettext_lazy("Of events, by webhooks: what could not be delivered at once is tried again, for about a day."),
        ("often",),
    ),
    "training": Scheduled(
        "predictions.trainings.train_by_schedule",
        gettext_lazy("Train a new version of the model"),
        gettext_lazy("It waits on the page of the model until somebody has approved it."),
        ("week", "month"),
    ),
    "clearing": Scheduled(
        "predictions.clearing.clear_daily",
        gettext_lazy("Delete what has expired"),
        lazy(_expiring, str)(),
        ("day",),
    ),
}
OFTEN = "*/10 * * * *"
EVERY = {
    "": gettext_lazy("never"),
    "often": gettext_lazy("every ten minutes"),
    "day": gettext_lazy("every day"),
    "week": gettext_lazy("every week"),
    "month": gettext_lazy("every month"),
}
HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]
MONTH_DAYS = [(day, str(day)) for day in range(1, 29)]  # each month has these


NEEDED_FOR = {"hour": {"day", "week", "month"}, "weekday": {"week"}, "month_day": {"month"}}


class ScheduleForm(forms.Form):
    """When a task runs: never, or in one of the ``rhythms``, with the fields that these need."""

    every = forms.ChoiceField(label=gettext_lazy("How often"), required=False)
    hour = forms.TypedChoiceField(label=gettext_lazy("At"), choices=HOURS, coerce=int)
    weekday = forms.TypedChoiceField(
        label=gettext_lazy("On (every week)"), choices=[(day % 7, WEEKDAYS[day - 1]) for day in range(1, 8)], coerce=int
    )
    month_day = forms.TypedChoiceField(label=gettext_lazy("On day (every month)"), choices=MONTH_DAYS, coerce=int)

    def __init__(self, *args: Any, rhythms: Collection[str], **options: Any):
        super().__init__(*args, **options)
        every: Any = self.fields["every"]  # of choices
        every.choices = [(name, label) for name, label in EVERY.items() if name in ("", *rhythms)]
        for name, needed in NEEDED_FOR.items():
            if needed.isdisjoint(rhythms):
                del self.fields[name]

    @property
    def cron(self) -> str:
        given = self.cleaned_data
        match given["every"]:
            case "often":
                return OFTEN
            case "day":
                return f"0 {given['hour']} * * *"
            case "week":
                return f"0 {given['hour']} * * {given['weekday']}"
            case "month":
                return f"0 {given['hour']} {given['month_day']} * *"
        return ""


def form_of(scheduled: Scheduled, row: Schedule, name: str, data: Any = None) -> ScheduleForm:
    """The form of a task; a rhythm that was set before it was no longer offered stays in it."""
    initial = values_of(row.cron)
    return ScheduleForm(data, initial=initial, prefix=name, rhythms={*scheduled.rhythms, str(initial["every"])})


def values_of(cron: str) -> dict[str, object]:
    """The form's values of a time that the form made."""
    if not cron or cron == OFTEN:
        return {"every": "often" if cron else "", "hour": 6, "weekday": 1, "month_day": 1}
    _minute, hour, month_day, _month, weekday = cron.split()
    every = "month" if month_day != "*" else "week" if weekday != "*" else "day"
    day = {"weekday": weekday, "month_day": month_day}
    return {"every": every, "hour": hour} | {name: 1 if value == "*" else value for name, value in day.items()}


@require_safe
@for_deciders
def schedule(request: Request) -> HttpResponse:
    return _page(request)


def _page(request: Request, bound: Mapping[str, ScheduleForm] | None = None) -> HttpResponse:
    kept = {row.task: row for row in Schedule.objects.select_related("changed_by")}
    rows = []
    for name, scheduled in TASKS.items():
        row = kept.get(scheduled.task) or Schedule(task=scheduled.task)
        form = (bound or {}).get(name) or form_of(scheduled, row, name)
        next_at = row.next_after(timezone.now()) if row.cron else None
        rows.append({"name": name, "scheduled": scheduled, "row": row, "next_at": next_at, "form": form})
    tabs = tabs_of(request.user, "schedule")
    context = {"tabs": tabs, "rows": rows, "runs_here": connection.vendor == "postgresql"}
    return render(request, "schedule/schedule.html", context, status=422 if bound else 200)


@require_POST
@for_deciders
def change(request: Request, name: str) -> HttpResponse:
    if name not in TASKS:
        raise Http404
    task = TASKS[name].task
    form = form_of(TASKS[name], Schedule.objects.filter(task=task).first() or Schedule(task=task), name, request.POST)
    if not form.is_valid():
        return _page(request, {name: form})
    changed = {"cron": form.cron, "changed_at": timezone.now(), "changed_by": request.user}
    # Counted from now: a time that has passed today is not caught up with.
    Schedule.objects.update_or_create(task=task, defaults=changed | {"enqueued_at": timezone.now()})
    messages.success(request, _("The schedule is changed: %(title)s.") % {"title": TASKS[name].title})
    return redirect("schedule")
