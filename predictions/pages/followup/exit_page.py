"""The exit interview of somebody who leaves: why, what would have kept them, where they go."""

from datetime import date

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from employees import journal
from employees.access import readable_to, scope_of
from predictions.followup.exits import because_in_files, exits_of, left_on, record_exit
from predictions.followup.models import ExitInterview
from predictions.followup.sensitive import check_words
from predictions.followup.services import notes_kept_since
from predictions.ml.periods import months_before
from predictions.pages.followup.forms import NeededDay, WatchedForm
from predictions.pages.presence.answering import REASONS, for_answerers, reason
from predictions.selectors import people
from technova.database.fields import NoKey
from technova.database.locks import Busy
from technova.web.requests import Request

BEFORE = 6  # months before the departure, for an interview


class ExitForm(WatchedForm):
    """What the person said."""

    watched = ("would_have_stayed",)
    day = NeededDay(label=gettext_lazy("Day of the interview"))
    left_because = forms.ChoiceField(
        label=gettext_lazy("Reason of the departure"),
        required=False,
        choices=[("", gettext_lazy("Unknown")), *REASONS.items()],
        help_text=gettext_lazy("The workforce and the forecast count the departure by it, if the files give none."),
    )
    motive = forms.ChoiceField(label=gettext_lazy("Main motive"), choices=ExitInterview.Motive.choices)
    destination = forms.ChoiceField(
        label=gettext_lazy("Goes to"),
        choices=ExitInterview.Destination.choices,
        initial=ExitInterview.Destination.UNKNOWN,
    )
    would_have_stayed = forms.CharField(
        label=gettext_lazy("Would have stayed if"),
        required=False,
        max_length=2_000,
        validators=[check_words],
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "Encrypted. Nothing about health, union, religion, politics, origin or private life: the law forbids it."
        ),
    )

    keeps_both = forms.BooleanField(
        label=gettext_lazy("Keep both reasons: the files count, the interview says what the person said"),
        required=False,
        widget=forms.HiddenInput,
    )

    is_certain = forms.BooleanField(
        label=gettext_lazy("The day of the interview is right"), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args, in_files: str, left: date | None, **options):
        super().__init__(*args, **options)
        self.in_files, self.left = in_files, left
        self.fields["day"].initial = timezone.localdate()

    def clean_day(self):
        day = self.cleaned_data["day"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("The interview is in the future: note it once it has taken place."))
        return day

    def clean(self):
        super().clean()
        said = self.cleaned_data.get("left_because")
        if said and self.in_files and said != self.in_files:
            text = _("The files give another reason of this departure: %(reason)s. Correct it here, or keep both.")
            self.warn("left_because", text % {"reason": reason(self.in_files)}, "keeps_both")
        day = self.cleaned_data.get("day")
        if day and day < months_before(self.left or timezone.localdate(), BEFORE):
            self.warn("day", self._too_early(day), "is_certain")

    def _too_early(self, day: date) -> str:
        if self.left is None:
            text = _(
                "%(day)s is more than six months ago, and the person is still there: correct the day, or say that it is"
                " right."
            )
            return text % {"day": date_format(day)}
        text = _(
            "%(day)s is more than six months before the departure, by %(left)s: correct the day, or say that it is"
            " right."
        )
        return text % {"day": date_format(day), "left": date_format(self.left)}


@require_http_methods(["GET", "HEAD", "POST"])
@for_answerers
def interview(request: Request, employee_id: int) -> HttpResponse:
    """The interviews of a person, and the form of another."""
    scope = scope_of(request.user)
    person = people.person(employee_id, scope, readable_to(request.user))
    if person is None:
        raise Http404
    posted = request.POST if request.method == "POST" else None
    form = ExitForm(posted, in_files=because_in_files(person), left=left_on(person))
    if form.is_bound and form.is_valid():
        answers = ("is_sure", "keeps_both", "is_certain")
        given = {name: value for name, value in form.cleaned_data.items() if name not in answers}
        try:
            record_exit(employee=person, user=request.user, was_warned=form.was_warned, **given)
        except NoKey:
            form.add_error(None, _("No note can be kept: the administrator has to set NOTES_KEYS, which encrypts it."))
        except Busy:
            form.add_error(None, _("Data are being loaded at this moment: try again when that is done."))
        else:
            messages.success(request, _("The interview is kept."))
            return redirect("employee_exit", person.employee_id)
    journal.record(journal.What.CASE, user=request.user, employee=person)
    interviews = [(each, reason(each.left_because), reason(each.known_because)) for each in exits_of(person, scope)]
    kept = {"kept_since": notes_kept_since(), "notes_months": settings.NOTES_MONTHS}
    context = {"person": person, "form": form, "interviews": interviews, **kept}
    return render(request, "cases/exit.html", context, status=422 if form.errors else 200)
