"""The forms of requests."""

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from employees.workforce.corrections import CORRECTABLE, NotReadable, read
from predictions.pages.days import DAYS, DayField
from predictions.pages.followup.forms import NeededDay, WatchedForm
from predictions.pages.imports.import_lists import LABELS
from predictions.rights.models import DataRequest
from predictions.rights.services import RightValue

Kind = DataRequest.Kind
OFFERED = (Kind.ACCESS, Kind.CORRECTION, Kind.OBJECTION, Kind.CONTEST, Kind.ERASURE)


class ReceivedForm(WatchedForm):
    """What a person asks, and since when."""

    watched = ("said",)
    kind = forms.ChoiceField(label=gettext_lazy("The person asks"))
    received_on = NeededDay(
        label=gettext_lazy("Received on"), help_text=gettext_lazy("The month to answer begins on this day.")
    )
    said = forms.CharField(
        label=gettext_lazy("What the person said"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("As far as it is needed to answer. Nothing about health, religion or private life."),
    )

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        kinds: Any = self.fields["kind"]
        kinds.choices = [(kind.value, kind.label) for kind in OFFERED]
        self.fields["received_on"].initial = timezone.localdate()

    def clean_received_on(self) -> date:
        day = self.cleaned_data["received_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("This day is still to come: give the day on which the request arrived."))
        return day


class AnswerForm(WatchedForm):
    """Whether a request is granted, and the answer."""

    watched = ("answer",)
    is_granted = forms.TypedChoiceField(
        label=gettext_lazy("Answer"),
        choices=[("yes", gettext_lazy("Granted")), ("no", gettext_lazy("Refused"))],
        coerce=lambda word: word == "yes",
    )
    answer = forms.CharField(
        label=gettext_lazy("What was done, or why not"),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The person reads it in their dossier. A refusal needs its reason, and names the CNIL."),
    )

    def __init__(self, *args: Any, kind: DataRequest.Kind, **options: Any):
        super().__init__(*args, **options)
        if kind == Kind.CONTEST:
            choices: Any = self.fields["is_granted"]
            choices.choices = [("yes", _("The score is not to be relied on")), ("no", _("The score stands"))]
            self.fields["answer"].label = _("Why: what you looked at, and what it says")
        if kind == Kind.ERASURE:  # granted by erasing, which leaves no request to answer
            granted: Any = self.fields["is_granted"]
            granted.choices = [("no", _("Refused"))]


class CorrectionForm(AnswerForm):
    """The answer to whoever wants a value corrected: the right one, from a day on, where it is granted."""

    column = forms.ChoiceField(label=gettext_lazy("What is wrong"), required=False)
    value = forms.CharField(
        label=gettext_lazy("The right value"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("As the files write it. It counts in place of the files until they say the same."),
    )
    as_of = DayField(
        label=gettext_lazy("Right since"),
        validators=DAYS,
        help_text=gettext_lazy("The first day for which it is to count; no later than the newest extract."),
    )
    field_order = ("is_granted", "column", "value", "as_of", "answer", "is_sure")

    def __init__(self, *args: Any, newest: date | None, **options: Any):
        super().__init__(*args, **options)
        columns: Any = self.fields["column"]
        labels = ((name, capfirst(str(LABELS[name]))) for name in CORRECTABLE)
        columns.choices = [("", "–"), *sorted(labels, key=lambda each: each[1])]
        self.fields["as_of"].initial = newest
        self.newest = newest

    def clean(self):
        super().clean()
        given = self.cleaned_data
        if not given.get("is_granted"):
            return
        if not given.get("column"):
            self.add_error("column", _("Say which value is wrong."))
        elif not self.has_error("value"):
            try:
                given["value"] = read(given["column"], given.get("value", ""))
            except NotReadable:
                rule = CORRECTABLE[given["column"]].rule.said(_)
                self.add_error("value", _("This is no value of it. Expected: %(rule)s.") % {"rule": rule})
        if not self.has_error("as_of") and (
            not given.get("as_of") or self.newest is None or given["as_of"] > self.newest
        ):
            newest = date_format(self.newest) if self.newest else "–"
            text = _("Give a day up to that of the newest extract: %(day)s.")
            self.add_error("as_of", text % {"day": newest})

    @property
    def right(self) -> RightValue | None:
        given = self.cleaned_data
        return RightValue(given["column"], given["value"], given["as_of"]) if given["is_granted"] else None


class EndForm(WatchedForm):
    """Why what was granted ends."""

    watched = ("word",)
    word = forms.CharField(label=gettext_lazy("Why it ends"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class HoldForm(WatchedForm):
    """Why a person's data are held for a dispute, or no longer."""

    watched = ("reason",)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Which dispute, in a few words: it is kept, and the person reads it in their dossier."),
    )


class ReasonForm(WatchedForm):
    """Why more time is needed."""

    watched = ("reason",)
    reason = forms.CharField(
        label=gettext_lazy("Why two months more are needed"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("The person must be told within the first month."),
    )
