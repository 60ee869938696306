"""The forms of cases."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from employees.access import HR, MANAGER, may_answer, scope_of
from employees.columns import MAX_EMPLOYEE_ID
from employees.models import Employee, Presence
from employees.selectors import own_numbers
from predictions.followup.days import check_ahead, check_due, check_of_case
from predictions.followup.models import ActionKind, Case, CaseAction
from predictions.followup.sensitive import check_words, sensitive_words
from predictions.followup.services import Wanted
from predictions.pages.amounts import AmountField
from predictions.pages.days import DAYS, DayField, PeriodForm
from predictions.pages.presence.clarify import KeysField

MOST_AT_ONCE = 200  # people
WEEK = timedelta(days=7)


class NeededDay(DayField):
    """A day that must be given."""

    def __init__(self, **options: Any):
        super().__init__(validators=DAYS, **options)
        self.required = True


class WatchedForm(forms.Form):
    """A form whose texts are searched for words that may not be kept; each is pointed out once.

    ``was_warned`` says whether somebody goes on despite a warning.
    """

    watched: tuple[str, ...] = ()
    was_warned = False
    is_sure = forms.BooleanField(
        label=gettext_lazy("The words are harmless here: keep them"), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.fields["is_sure"] = self.fields.pop("is_sure")  # last

    def clean(self):
        super().clean()
        for name in self.watched:
            if words := sensitive_words(self.cleaned_data.get(name, "")):
                text = _("Such words may not be kept: %(words)s. Take them out, or say that they are harmless here.")
                self.warn(name, text % {"words": ", ".join(words)}, "is_sure")

    def warn(self, name: str | None, text: str, answer: str) -> None:
        """Refuse what was given until the field ``answer`` is ticked, which is shown from now on."""
        self.fields[answer].widget = forms.CheckboxInput()
        if self.cleaned_data.get(answer):
            self.was_warned = True
        else:
            self.add_error(name, text)


class OpenForm(WatchedForm):
    """The people for whom cases are opened, by when, and why."""

    watched = ("why",)
    number = KeysField(largest=MAX_EMPLOYEE_ID)
    due = NeededDay(label=gettext_lazy("Talk by"))
    why = forms.CharField(
        label=gettext_lazy("Why"),
        required=False,
        max_length=500,
        validators=[check_words],
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Empty: because of the score. Nothing about health, union, religion or private life."),
    )

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.fields["due"].initial = timezone.localdate() + WEEK

    def clean_due(self) -> date:
        return check_due(self.cleaned_data["due"])

    def clean_number(self) -> list[int]:
        numbers = list(dict.fromkeys(self.cleaned_data["number"]))
        if not numbers:
            raise forms.ValidationError(_("Tick at least one person."))
        if len(numbers) > MOST_AT_ONCE:
            text = _("%(count)s people are too many at once: open at most %(most)s cases.")
            raise forms.ValidationError(text % {"count": len(numbers), "most": MOST_AT_ONCE})
        return numbers


class OwnersForm(PeriodForm):
    """Which cases are listed, by who is responsible."""

    owner = forms.ModelChoiceField(
        label=gettext_lazy("Responsible"),
        queryset=User.objects.none(),
        required=False,
        empty_label=gettext_lazy("All"),
        to_field_name="username",
    )

    def __init__(self, data: Any, cases: QuerySet[Case]):
        super().__init__(data)
        owners: Any = self.fields["owner"]
        owners.queryset = User.objects.filter(pk__in=cases.order_by().values("owner")).order_by("username")

    def narrow(self, cases: QuerySet[Case]) -> QuerySet[Case]:
        """Those asked for; none where the form is wrong."""
        if not self.is_valid():
            return cases.none()
        return cases.filter(**{name: value for name, value in self.wanted.items() if value})

    @property
    def wanted(self) -> dict[str, Any]:
        """By the column; what is empty is not asked for."""
        return {"owner": self.cleaned_data["owner"]}


class OpenListForm(OwnersForm):
    """Which of the open cases are listed."""

    unseen = forms.BooleanField(label=gettext_lazy("Only those that their responsible does not see"), required=False)

    @property
    def wanted(self) -> dict[str, Any]:
        return super().wanted | {"is_unseen": self.cleaned_data["unseen"]}


class ClosedForm(OwnersForm):
    """Which of the closed cases are listed."""

    state = forms.ChoiceField(
        label=gettext_lazy("Outcome"),
        required=False,
        choices=[("", gettext_lazy("All")), *((state, state.label) for state in Case.State if state not in Case.OPEN)],
    )
    since = DayField(label=gettext_lazy("Closed from"), validators=DAYS)
    until = DayField(label=gettext_lazy("Closed until"), validators=DAYS)
    field_order = ["state", "owner", "since", "until"]

    @property
    def wanted(self) -> dict[str, Any]:
        given = self.cleaned_data
        days = {"closed_at__date__gte": given["since"], "closed_at__date__lte": given["until"]}
        return super().wanted | {"state": given["state"]} | days


class CaseForm(WatchedForm):
    """State, person responsible and day of a case."""

    watched = ("word",)
    state = forms.ChoiceField(label=gettext_lazy("State"), choices=Case.State.choices)
    owner = forms.ModelChoiceField(label=gettext_lazy("Responsible"), queryset=User.objects.none(), empty_label=None)
    due = NeededDay(label=gettext_lazy("Due"))
    talk_at = forms.DateTimeField(
        label=gettext_lazy("Talk on"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("For the calendar, once the talk is planned."),
    )
    aside = forms.ChoiceField(
        label=gettext_lazy("Why set aside"),
        required=False,
        choices=[("", "–"), *Case.Aside.choices],
        help_text=gettext_lazy("Only where the case is set aside, with a remark."),
    )
    is_shared = forms.BooleanField(label=gettext_lazy("Managers of the department see it"), required=False)
    word = forms.CharField(
        label=gettext_lazy("Remark"),
        required=False,
        max_length=500,
        validators=[check_words],
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    is_certain = forms.BooleanField(
        label=gettext_lazy("I know it otherwise: close the case so"), required=False, widget=forms.HiddenInput
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, case: Case, user: User, **options: Any):
        initial = {name: getattr(case, name) for name in ("state", "owner", "due", "talk_at", "aside", "is_shared")}
        super().__init__(*args, **options | {"initial": initial})
        self.case = case
        owners: Any = self.fields["owner"]
        follows = Q(is_active=True, groups__name__in=[HR.group, MANAGER.group])
        found = User.objects.filter(follows | Q(pk__in=[user.pk, case.owner_id]))
        owners.queryset = found.distinct().order_by("username")
        owners.choices = list(iter(owners.choices))  # one query, however often they are read
        if not may_answer(user):
            del self.fields["is_shared"]

    def clean_due(self) -> date:
        due = self.cleaned_data["due"]
        if due == self.case.due:
            return due
        return check_due(due) if self.cleaned_data.get("state") in Case.OPEN else check_ahead(due)

    def clean_talk_at(self) -> datetime | None:
        talk_at = self.cleaned_data["talk_at"]
        if talk_at and talk_at != self.case.talk_at:
            check_due(timezone.localdate(talk_at))
        return talk_at

    def clean_owner(self) -> User:
        owner = self.cleaned_data["owner"]
        if owner != self.case.owner and not scope_of(owner).sees(self.case.employee):
            raise forms.ValidationError(_("%(owner)s does not see this person.") % {"owner": owner})
        return owner

    def clean(self):
        super().clean()
        given = self.cleaned_data
        if given.get("state") != Case.State.SET_ASIDE:
            if given.get("aside") and given["aside"] != self.case.aside:
                text = _("A reason is kept only where the case is set aside: choose that state, or leave this empty.")
                self.add_error("aside", text)
            given["aside"] = ""
        else:
            if not given.get("aside"):
                self.add_error("aside", _("Say why the score is set aside."))
            if not given.get("word", "").strip():
                self.add_error("word", _("Add a remark: it is kept with your name."))
        if given.get("state") not in (None, self.case.state) and self.case.is_doubtful(given["state"]):
            self.warn("state", _doubt(self.case.employee), "is_certain")

    @property
    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(
            Case.State(given["state"]),
            given["owner"],
            given["due"],
            given.get("is_shared", self.case.is_shared),
            given["aside"],
            given["word"],
            given["talk_at"],
            self.was_warned,
        )


def _doubt(person: Employee) -> str:
    """What the workforce knows of somebody whose case would be closed with something else."""
    if person.has_left:
        return _("The person has left, as the files have it. Close the case as left, or say that you know better.")
    if person.is_present:
        return _("The person is present, as the files have it. Wait for the departure, or say that you know of it.")
    return _("The files leave open whether the person is still there. Answer that first, or say that you know.")


class NoteForm(WatchedForm):
    """What was said in a talk."""

    watched = ("who", "text")
    day = NeededDay(label=gettext_lazy("Day of the talk"))
    who = forms.CharField(label=gettext_lazy("Who was there"), required=False, max_length=200)
    text = forms.CharField(
        label=gettext_lazy("What was said"),
        max_length=5_000,
        validators=[check_words],
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy(
            "Nothing about health, union, religion, politics, origin or private life: the law forbids it. The person"
            " may read this note."
        ),
    )
    is_shared = forms.BooleanField(label=gettext_lazy("Managers who see the case read it"), required=False)

    def __init__(self, *args: Any, case: Case, **options: Any):
        super().__init__(*args, **options)
        self.case = case
        self.fields["day"].initial = timezone.localdate()

    def clean_day(self) -> date:
        day = self.cleaned_data["day"]
        if day > timezone.localdate():
            raise forms.ValidationError(_("The talk is in the future: note it once it has taken place."))
        return check_of_case(day, self.case)


class ActionForm(forms.Form):
    """An action that was agreed."""

    kind = forms.ModelChoiceField(
        label=gettext_lazy("Action"), queryset=ActionKind.objects.filter(is_active=True), empty_label=None
    )
    day = NeededDay(label=gettext_lazy("From"))
    cost = AmountField(
        label=gettext_lazy("Cost (€)"),
        required=False,
        help_text=gettext_lazy("For the company; empty where it is not known."),
    )

    def __init__(self, *args: Any, case: Case, kinds: Iterable[ActionKind], **options: Any):
        super().__init__(*args, **options)
        self.case = case
        self.fields["day"].initial = timezone.localdate()
        offered: Any = self.fields["kind"]
        offered.choices = [(kind.pk, str(kind)) for kind in kinds if kind.is_active]

    def clean_day(self) -> date:
        return check_of_case(self.cleaned_data["day"], self.case)


class CorrectionForm(ActionForm, WatchedForm):
    """An agreed action as it should have been noted, or that it was not agreed, and why it is corrected."""

    watched = ("word",)
    is_taken_back = forms.BooleanField(label=gettext_lazy("It was not agreed after all"), required=False)
    word = forms.CharField(label=gettext_lazy("Why it is corrected"), max_length=500, validators=[check_words])

    def __init__(self, *args: Any, action: CaseAction, reads_cost: bool, **options: Any):
        initial = {"kind": action.kind_id, "day": action.day, "cost": action.cost}
        own = {"initial": initial, "prefix": f"action-{action.pk}"}
        super().__init__(*args, case=action.case, **options | own)
        self.action = action
        if not action.kind.is_active:
            offered: Any = self.fields["kind"]
            choices = [(action.kind_id, str(action.kind)), *offered.choices]
            offered.queryset = ActionKind.objects.filter(Q(is_active=True) | Q(pk=action.kind_id))
            offered.choices = choices
        if not reads_cost:
            del self.fields["cost"]

    def clean_day(self) -> date:
        day = self.cleaned_data["day"]
        return day if day == self.action.day else super().clean_day()

    @property
    def corrected(self) -> dict[str, Any]:
        given = {name: self.cleaned_data[name] for name in ("kind", "day", "is_taken_back", "word")}
        return given | {"cost": self.cleaned_data.get("cost", self.action.cost), "was_warned": self.was_warned}


def people_of(numbers: Iterable[object], user: User) -> QuerySet[Employee]:
    """Those of some people, by their numbers as typed, who are in the account's scope and have not left."""
    wanted = [int(text) for number in numbers if (text := str(number)).isascii() and text.isdigit() and len(text) < 11]
    own = set(own_numbers(wanted).values())
    people = Employee.objects.within(scope_of(user)).of_the_workforce().filter(employee_id__in=own)
    return people.exclude(presence=Presence.LEFT).order_by("employee_id")
