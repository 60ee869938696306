"""One case: its state, the talks, the actions and the history; and the calendar file of its talk."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from employees.access import may_answer, readable_to
from predictions import bands
from predictions.followup import selectors, services
from predictions.followup.models import Case, CaseNote
from predictions.pages.followup.case_list import for_followers
from predictions.pages.followup.forms import ActionForm, CaseForm, NoteForm
from predictions.pages.presence.answering import short
from technova.database.fields import NoKey
from technova.web.requests import Request


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
        else:
            messages.success(request, _("The case is changed."))
            return redirect("cases_case", pk)
    return _page(request, found, form=form)


@require_POST
@for_followers
def note(request: Request, pk: int) -> HttpResponse:
    found = _case(request, pk)
    form = NoteForm(request.POST)
    if form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("day", "who", "text", "is_shared")}
        try:
            services.add_note(case=found, user=request.user, **given)
        except NoKey:
            form.add_error(None, _("No note can be kept: the administrator has to set NOTES_KEYS, which encrypts it."))
        else:
            messages.success(request, _("The note is kept."))
            return redirect("cases_case", pk)
    return _page(request, found, note_form=form)


@require_POST
@for_followers
def delete_note(request: Request, pk: int, note: int) -> HttpResponse:
    found = _case(request, pk)
    if not services.delete_note(case=found, note=note, user=request.user):
        raise Http404
    messages.success(request, _("The note is deleted."))
    return redirect("cases_case", pk)


@require_POST
@for_followers
def action(request: Request, pk: int) -> HttpResponse:
    found = _case(request, pk)
    form = ActionForm(request.POST)
    if form.is_valid():
        services.agree_action(case=found, user=request.user, **form.cleaned_data)
        messages.success(request, _("The action is kept."))
        return redirect("cases_case", pk)
    return _page(request, found, action_form=form)


@require_safe
@for_followers
def calendar(request: Request, pk: int) -> HttpResponse:
    """The talk as a day in a calendar: the number of the person and the way to the case, no name and no score."""
    from icalendar import Calendar, Event  # here, since no other page needs it

    found = _case(request, pk)
    talk = Event()
    talk.add("uid", f"case-{found.pk}@{request.get_host()}")
    talk.add("dtstamp", timezone.now())
    talk.add("dtstart", found.due)
    talk.add("dtend", found.due + timedelta(days=1))
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
) -> HttpResponse:
    changes = list(found.changes.select_related("by", "owner"))
    context: dict[str, Any] = {
        "case": found,
        "band_now": _band_now(found),
        "form": form or CaseForm(case=found, user=request.user),
        "seen": changes[-1].pk,
        "note_form": note_form or NoteForm(),
        "action_form": action_form or ActionForm(),
        "notes": CaseNote.objects.visible_to(request.user).filter(case=found).select_related("by"),
        "actions": found.actions.select_related("kind"),
        "history": _told(changes),
        # What HR wrote for itself stays its own where it shares a case; the cost of an action may reveal pay.
        "reads_words": may_answer(request.user) or request.user in (found.owner, found.opened_by),
        "reads_costs": readable_to(request.user).reads(frozenset({"revenu_mensuel"})),
        "is_planned": found.state == Case.State.PLANNED,
    }
    has_errors = any(each is not None for each in (form, note_form, action_form))
    return render(request, "cases/case.html", context, status=422 if has_errors else 200)


def _band_now(found: Case) -> bands.Band | None:
    if found.probability_now is None or found.threshold_now is None:
        return None
    return bands.band_of(found.probability_now, found.threshold_now)


def _told(changes: list) -> list[dict[str, Any]]:
    """What each change changed, in words, newest first."""
    told, before = [], None
    for each in changes:
        words = []
        if before is None or each.state != before.state:
            words.append(capfirst(each.get_state_display()))
        if before is None or each.owner_id != before.owner_id:
            words.append(_("responsible: %(owner)s") % {"owner": each.owner})
        if before is None or each.due != before.due:
            words.append(_("due %(day)s") % {"day": short(each.due)})
        if before is not None and each.is_shared != before.is_shared:
            words.append(_("shared with managers") if each.is_shared else _("no longer shared"))
        told.append({"change": each, "words": ", ".join(words) or _("remark")})
        before = each
    return told[::-1]
