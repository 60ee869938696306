"""Two numbers of one person: merged, and parted again."""

from django import forms
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from employees import journal
from employees.access import readable_to, scope_of
from employees.columns import MAX_EMPLOYEE_ID
from employees.workforce import clarifying
from employees.workforce.answers import BothListed, NotMergeable, part_numbers
from employees.workforce.naming import with_names
from predictions import rescoring
from predictions.pages.presence import answering
from predictions.pages.presence.answering import for_answerers
from technova.database.locks import Busy
from technova.web.requests import Request


class MergeForm(forms.Form):
    """The person keeps one number; from then on, rows with the other number count for it."""

    number = forms.IntegerField(label=gettext_lazy("This number"), min_value=1, max_value=MAX_EMPLOYEE_ID)
    into = forms.IntegerField(label=gettext_lazy("is another one of employee"), min_value=1, max_value=MAX_EMPLOYEE_ID)
    accept_both_listed = forms.BooleanField(required=False)  # shown once it is asked


@require_http_methods(["GET", "HEAD", "POST"])
@for_answerers
def numbers(request: Request) -> HttpResponse:
    form = MergeForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _merge(request, form):
        return redirect("clarify_numbers")
    merges = clarifying.merges_within(scope_of(request.user))
    page = answering.paged(request, with_names(merges, answering.NUMBER, readable_to(request.user)))
    journal.record(journal.What.LIST, user=request.user, people=len(page))
    context = {
        "tabs": answering.tabs(request),
        "form": form,
        "are_both_listed": form.has_error(NON_FIELD_ERRORS, "both_listed"),
        "page": page,
    }
    return render(request, "presence/numbers.html", context, status=422 if form.errors else 200)


def _merge(request: Request, form: MergeForm) -> bool:
    """Merge what the form holds, and return whether that was possible."""
    try:
        clarifying.merge_within(scope=scope_of(request.user), user=request.user, **form.cleaned_data)
    except NotMergeable:
        form.add_error(None, _("These are not two known numbers, or one of them is merged already."))
        return False
    except BothListed as error:
        text = _(
            "The SIRH extract of %(date)s holds both numbers, so these may be two people. Once they are merged, the "
            "rows of %(number)s beside one of %(into)s no longer count."
        )
        params = form.cleaned_data | {"date": answering.short(error.as_of)}
        form.add_error(None, ValidationError(text, "both_listed", params))
        return False
    except Busy as error:
        form.add_error(None, _(str(error)))
        return False
    messages.success(request, _("Number %(number)s is number %(into)s from now on.") % form.cleaned_data)
    rescoring.rescore.enqueue()
    return True


@require_POST
@for_answerers
def part(request: Request, pk: int) -> HttpResponse:
    merge = get_object_or_404(clarifying.merges_within(scope_of(request.user)), pk=pk, revoked_at=None)
    try:
        part_numbers(merge=merge, user=request.user)
    except Busy as error:
        messages.error(request, _(str(error)))
    else:
        messages.success(request, _("The two numbers are two people again."))
        rescoring.rescore.enqueue()
    return redirect("clarify_numbers")
