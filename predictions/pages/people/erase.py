"""Erase a person: first what would go, what would stay and why; then the reason that is kept."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from employees import journal
from employees.access import may_decide, only_for, readable_to, scope_of
from predictions.rights.erasure import LONGEST_REASON, checked, erase, plan
from predictions.rights.refusals import NotErasable
from predictions.selectors import people
from technova.database.locks import Busy
from technova.web.requests import Request


class ErasureForm(forms.Form):
    """Why, and the number once more."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        help_text=gettext_lazy("Kept for good, so without the person's name or number: “asked for by letter”."),
    )
    number = forms.IntegerField(
        label=gettext_lazy("The employee number, once more"),
        help_text=gettext_lazy("Nothing brings the data back."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args, numbers: list[int], **options):
        super().__init__(*args, **options)
        self.numbers = numbers

    def clean_reason(self) -> str:
        try:
            return checked(self.cleaned_data["reason"], self.numbers)
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def clean_number(self) -> int:
        number = self.cleaned_data["number"]
        if number != self.numbers[0]:
            raise ValidationError(_("%(number)s is not the number of this person.") % {"number": str(number)})
        return number


@require_http_methods(["GET", "HEAD", "POST"])
@only_for(may_decide)
def erase_person(request: Request, employee_id: int) -> HttpResponse:
    """The plan and the form; POST erases, unless something keeps the person."""
    person = people.person(employee_id, scope_of(request.user), readable_to(request.user))
    if person is None:
        raise Http404
    if person.employee_id != employee_id:
        return redirect("employee_erase", person.employee_id)
    planned = plan(person)
    form = ErasureForm(request.POST if request.method == "POST" else None, numbers=planned.numbers)
    if form.is_bound and form.is_valid():
        try:
            erase(employee=person, reason=form.cleaned_data["reason"], user=request.user)
        except NotErasable as error:
            form.add_error(None, str(error))
        except Busy:
            form.add_error(None, _("Data are being loaded at this moment: try again when that is done."))
        else:
            messages.success(request, _("The person is erased. Only that it was done, by whom and why is kept."))
            return redirect("employees")
    journal.record(journal.What.PERSON, user=request.user, employee=person)
    context = {"person": person, "form": form, "plan": planned, "is_recorded_elsewhere": bool(settings.ERASURES)}
    return render(request, "employee/erase.html", context, status=422 if form.errors else 200)
