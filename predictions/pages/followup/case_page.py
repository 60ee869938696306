"""One case: its state, the talks, the actions and the history; and the calendar file of its talk."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from employees import journal
from employees.access import may_answer, readable_to
from predictions import bands
from predictions.followup import selectors, services
from predictions.followup.models import ActionKind, Case, CaseAction, CaseNote
from predictions.pages.followup import case_export
from predictions.pages.followup.case_history import texts_deleted, told
from predictions.pages.followup.forms import ActionForm, CaseForm, CorrectionForm, NoteForm
from predictions.pages.followup.tabs import for_followers
from technova.database.fields import NoKey
from technova.web.requests import Request

LENGTH = timedelta(hours=1)  # of a talk, in the calendar


def _case(request: Request, pk: int) -> Case:
    return get_object_or_404(selectors.cases_of(request.user, readable_to(request.user)), pk=pk)


@require_safe
@for_followers
def case(request: Request, pk: int) -> HttpResponse:
    return _page(request, _case(request, pk))


@require_POST
@for_followers
def change(request: Request, pk: int) -> HttpResponse:
    found = _case(request, pk)
    form = CaseForm(request.POST, case=found, user=request.user)
    if form.is_valid():
        try:
            services.change_case(case=found, seen=form.cleaned_data["seen"], wanted=form.wanted, user=request.user)
        except services.Unseen:
            form.add_error(None, _("Somebody else has changed this case meanwhile: look at it again."))
        except services.AnotherIsOpen:
            form.add_error("state", _another_is_open(found, request.user))
        else:
            if services.changes_nothing(found, form.wanted):
                messages.info(request, _("Nothing was changed."))
            else:
                messages.success(request, _("The case is changed."))
            return redirect("cases_case", pk)
    return _page(request, found, form=form)


def _another_is_open(found: Case, user: User) -> str:
    """Why a case is not opened again, with the way to the open one for who may see it."""
    other = Case.objects.visible_to(user).is_open().filter(employee=found.employee_id).first()
    if other is None:
        return _("HR follows this person in another case that is open: ask HR to share it with you.")
    text = _("Another case of this person is open, and one is open at a time: go on there, or close it first.")
    return format_html('{} <a href="{}">{}</a>', text, reverse("cases_case", args=[other.pk]), _("The open case"))


@require_POST
@for_followers
def note(request: Request, pk: int) -> HttpResponse:
    found = _case(request, pk)
    form = NoteForm(request.POST, case=found)
    if form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("day", "who", "text", "is_shared")}
        try:
            services.add_note(case=found, user=request.user, was_warned=form.was_warned, **given)
        except NoKey:
            form.add_error(None, _("No note can be kept: the administrator has to set NOTES_KEYS, which encrypts it."))
        else:
            messages.success(request, _("The note is kept."))
            return redirect(f"{reverse('cases_case', args=[pk])}#talks")
    return _page(request, found, note_form=form)


@require_POST
@for_followers
def delete_note(request: Request, pk: int, note: int) -> HttpResponse:
    found = _case(request, pk)
    if not services.delete_note(case=found, note=note, user=request.user):
        raise Http404
    messages.success(request, _("The note is deleted."))
    return redirect(f"{reverse('cases_case', args=[pk])}#talks")


@require_POST
@for_followers
def action(request: Request, pk: int) -> HttpResponse:
    found = _case(request, pk)
    form = ActionForm(request.POST, case=found, kinds=ActionKind.objects.all())
    if form.is_valid():
        services.agree_action(case=found, user=request.user, **form.cleaned_data)
        messages.success(request, _("The action is kept."))
        return redirect(f"{reverse('cases_case', args=[pk])}#actions")
    return _page(request, found, action_form=form)


@require_POST
@for_followers
def correct_action(request: Request, pk: int, action: int) -> HttpResponse:
    """Correct an agreed action, or take it back; what it was stays in the history."""
    found = _case(request, pk)
    wrong = get_object_or_404(found.actions.in_force().select_related("kind"), pk=action)
    form = CorrectionForm(
        request.POST, action=wrong, kinds=ActionKind.objects.all(), reads_cost=_reads_costs(request.user)
    )
    if form.is_valid():
        try:
            services.correct_action(action=wrong, user=request.user, **form.corrected)
        except services.Unseen:
            form.add_error(None, _("Somebody else has changed this case meanwhile: look at it again."))
        else:
            messages.success(request, _("The action is corrected."))
            return redirect(f"{reverse('cases_case', args=[pk])}#actions")
    return _page(request, found, correction=form)


@require_safe
@for_followers
def calendar(request: Request, pk: int) -> HttpResponse:
    """The talk in a calendar, or the day by which it is due: the number of the person, no name and no score."""
    from icalendar import Calendar, Event  # here, since no other page needs it

    found = _case(request, pk)
    journal.record(journal.What.CASE, user=request.user, employee=found.employee)
    talk = Event()
    talk.add("uid", f"case-{found.pk}@{request.get_host()}")
    talk.add("dtstamp", timezone.now())
    talk.add("dtstart", found.talk_at or found.due)
    talk.add("dtend", found.talk_at + LENGTH if found.talk_at else found.due + timedelta(days=1))
    talk.add("summary", _("Talk with No. %(number)s") % {"number": found.employee.employee_id})
    talk.add("url", request.build_absolute_uri(request.path.removesuffix("talk.ics")))
    file = Calendar()
    file.add("prodid", "-//TechNova//Cases//")
    file.add("version", "2.0")
    file.add_component(talk)
    response = HttpResponse(file.to_ical(), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="case-{found.pk}.ics"'
    return response


def _page(
    request: Request,
    found: Case,
    *,
    form: CaseForm | None = None,
    note_form: NoteForm | None = None,
    action_form: ActionForm | None = None,
    correction: CorrectionForm | None = None,
) -> HttpResponse:
    changes = list(found.changes.select_related("by", "api_key", "owner", "action__kind", "action__corrects__kind"))
    notes = list(CaseNote.objects.visible_to(request.user).filter(case=found).select_related("by"))
    kinds = list(ActionKind.objects.all())
    reads_costs = _reads_costs(request.user)

    def corrected(action: CaseAction) -> CorrectionForm:
        if correction and correction.action == action:
            return correction
        return CorrectionForm(action=action, kinds=kinds, reads_cost=reads_costs)

    context: dict[str, Any] = {
        "case": found,
        "band_now": _band_now(found),
        "form": form or CaseForm(case=found, user=request.user),
        "seen": changes[-1].pk,
        "note_form": note_form or NoteForm(case=found),
        "action_form": action_form or ActionForm(case=found, kinds=kinds),
        "notes": notes,
        "texts_deleted": texts_deleted(changes, request.user),
        "notes_months": settings.NOTES_MONTHS,
        "actions": [(each, corrected(each)) for each in found.actions.in_force().select_related("kind")],
        "history": list(told(changes, request.user, {note.pk for note in notes}, reads_costs=reads_costs)),
        # What HR wrote for itself stays its own where it shares a case; the cost of an action may reveal pay.
        "why": found.why if changes[0].is_told_to(request.user) else "",
        "reads_notes": may_answer(request.user),
        "reads_costs": reads_costs,
        "may_interview": found.state == Case.State.LEFT and may_answer(request.user),
        "unseen": case_export.unseen(found),
        "is_planned": found.state == Case.State.PLANNED,
    }
    journal.record(journal.What.CASE, user=request.user, employee=found.employee)
    has_errors = any(each is not None for each in (form, note_form, action_form, correction))
    return render(request, "cases/case.html", context, status=422 if has_errors else 200)


def _band_now(found: Case) -> bands.Band | None:
    if found.probability_now is None or found.threshold_now is None:
        return None
    return bands.band_of(found.probability_now, found.threshold_now)


def _reads_costs(user: User) -> bool:
    """Whether an account reads what actions cost, which may reveal pay."""
    return readable_to(user).reads(frozenset({"revenu_mensuel"}))
