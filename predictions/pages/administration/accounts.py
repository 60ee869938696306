"""Accounts: who has one, with which role and departments, when last seen; invite, change, close."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from employees import terms
from employees.access import HR, MANAGER, ROLES, may_administer, may_manage, only_for, roles_to_give, scope_of
from employees.models import Employee
from employees.selectors import own_number
from predictions.accounts import links, second_factor, services, sessions
from predictions.followup.models import Case
from predictions.formats import grouped
from predictions.pages.account.security import shown
from predictions.pages.administration.sections import tabs_of
from technova.web.requests import Request

PAGE_SIZE = 50
NO_DEPARTMENT = gettext_lazy(
    "A manager sees a team or the people of some departments: give their employee number, or choose one at least."
)
TAKEN = gettext_lazy("Another account has this address: open that one instead.")


class AccessForm(forms.Form):
    """A role and departments, of those that the caller may give."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), required=False)
    departments = forms.MultipleChoiceField(
        label=gettext_lazy("Departments"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "A manager sees the people of these departments. RH without a department or a team sees everyone, and with "
            "some sees those alone. An auditor sees nobody."
        ),
    )
    team_of = forms.IntegerField(
        label=gettext_lazy("Team of (employee number)"),
        required=False,
        min_value=1,
        help_text=gettext_lazy(
            "The number of the account's owner in the directory: the account sees everyone who reports to them, "
            "directly or through others, as the newest directory says. Nobody sees their own score."
        ),
    )

    def __init__(self, *args: Any, actor: User, held: User | None = None, **options: Any):
        super().__init__(*args, **options)
        offered = dict(terms.labelled("departement"))
        given = {access.departement for access in held.department_accesses.all()} if held else set()
        offered |= {name: terms.label("departement", name) for name in sorted(given - offered.keys())}
        roles = [(name, name) for name in roles_to_give(actor)]
        self.fields["role"].choices = [("", _("None: the account opens no page"))] * bool(held) + roles  # type: ignore[attr-defined]
        self.fields["departments"].choices = list(offered.items())  # type: ignore[attr-defined]

    def clean_team_of(self) -> Employee | None:
        if (number := self.cleaned_data["team_of"]) is None:
            return None
        if (person := Employee.objects.filter(employee_id=own_number(number)).first()) is None:
            raise forms.ValidationError(_("No employee has this number."))
        return person

    def clean(self):
        super().clean()
        sees_somebody = self.cleaned_data.get("departments") or self.cleaned_data.get("team_of")
        if self.cleaned_data.get("role") == MANAGER.group and not sees_somebody and "team_of" not in self.errors:
            self.add_error("departments", NO_DEPARTMENT)


class NameForm(forms.Form):
    first_name = forms.CharField(label=gettext_lazy("First name"), max_length=150, required=False)
    last_name = forms.CharField(label=gettext_lazy("Last name"), max_length=150, required=False)
    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=150)


class InvitationForm(NameForm, AccessForm):
    field_order = ["email", "first_name", "last_name", "role", "departments", "team_of"]

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.fields["role"].required = True
        self.initial.setdefault("role", MANAGER.group)


for_administrators = only_for(may_administer)


def known_accounts() -> QuerySet[User]:
    """Accounts with what the list tells of each."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"))
    seen = Coalesce(Greatest("last_login", Max("usersession__last_seen_at")), "last_login")
    accounts = get_user_model().objects.annotate(seen=seen, has_factor=Exists(factors), last_word=links.last_word())
    accounts = accounts.select_related("team_access__employee__line")
    return accounts.prefetch_related("groups", "department_accesses").order_by("-is_active", "last_name", "username")


def state_of(account: Any) -> str:
    if not account.is_active:
        return _("closed")
    is_awaited = account.last_login is None and not account.has_usable_password()
    if is_awaited and account.last_word == links.UNSENT:
        return _("invited, but the message could not be sent")
    return _("invited") if is_awaited else _("open")


def team_of(account: Any) -> list[str]:
    """The team of an account in words, if it has one."""
    if not (access := getattr(account, "team_access", None)):
        return []
    person, line = str(access.employee), getattr(access.employee, "line", None)
    if not access.employee.is_there:
        return [_("team of %(person)s, who is not present: nobody") % {"person": person}]
    people = line.last - line.position if line else 0
    text = ngettext("team of %(person)s: %(people)s person", "team of %(person)s: %(people)s people", people)
    return [text % {"person": person, "people": grouped(people)}]


def row_of(account: Any) -> dict[str, object]:
    """An account as the pages tell of it."""
    roles = [group.name for group in account.groups.all() if group.name in ROLES]
    rights = [_("superuser")] * account.is_superuser + [_("staff")] * (account.is_staff and not account.is_superuser)
    departments = [terms.label("departement", access.departement) for access in account.department_accesses.all()]
    departments = [*sorted(departments), *team_of(account)]
    sees_everyone = account.is_superuser or (HR.group in roles and not departments)
    return {
        "account": account,
        "name": account.get_full_name() or account.get_username(),
        "roles": ", ".join([*roles, *rights]) or "–",
        "departments": _("everyone") if sees_everyone else ", ".join(departments) or "–",
        "seen": account.seen,
        "has_factor": account.has_factor,
        "state": state_of(account),
    }


@require_safe
@for_administrators
def accounts(request: Request) -> HttpResponse:
    wanted = request.GET.get("q", "").strip()[:100]
    found = known_accounts()
    for word in wanted.split():
        names = ("username", "first_name", "last_name", "email", "department_accesses__departement", "groups__name")
        matches = Q(*((f"{name}__icontains", word) for name in names), _connector=Q.OR)
        found = found.filter(pk__in=get_user_model().objects.filter(matches).values("pk"))
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "tabs": tabs_of(request.user, "administration_accounts"),
        "wanted": wanted,
        "page": page,
        "rows": [row_of(account) for account in page],
    }
    return render(request, "administration/accounts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def invite(request: Request) -> HttpResponse:
    form = InvitationForm(request.POST or None, actor=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            account = services.invite(actor=request.user, **form.cleaned_data)
        except services.AddressTaken:
            form.add_error("email", str(TAKEN))
        else:
            messages.success(
                request, _("%(email)s is invited: a message with a link is on its way.") % {"email": account.email}
            )
            return redirect("administration_account", account.pk)
    context = {
        "tabs": tabs_of(request.user, "administration_accounts"),
        "form": form,
        "days": links.DAYS,
        "is_mail_sent": is_mail_sent(),
    }
    return render(request, "administration/invite.html", context, status=422 if form.errors else 200)


def is_mail_sent() -> bool:
    return not settings.EMAIL_BACKEND.endswith("console.EmailBackend")


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def account(request: Request, pk: int) -> HttpResponse:
    """An account; POST changes its name and address, or its role and departments."""
    shown_account: Any = get_object_or_404(known_accounts(), pk=pk)
    is_managed = may_manage(request.user, shown_account)
    if request.method == "POST" and not is_managed:
        raise PermissionDenied
    forms_of = _forms(request, shown_account) if is_managed else {}
    sent = forms_of.get(request.POST.get("form", ""))
    if request.method == "POST":
        if sent is None:
            raise Http404
        if sent.is_valid() and _changed(request, shown_account, sent):
            return redirect("administration_account", pk)
    context = {
        "tabs": tabs_of(request.user, "administration_accounts"),
        "row": row_of(shown_account),
        "name_form": forms_of.get("name"),
        "access_form": forms_of.get("access"),
        "is_managed": is_managed,
        "is_own": shown_account == request.user,
        "may_receive": links.may_receive(shown_account),
        "needs_factor": second_factor.is_needed(shown_account, {group.name for group in shown_account.groups.all()}),
        "sessions": [shown(session, None) for session in sessions.open_sessions(shown_account)],
        "is_mail_sent": is_mail_sent(),
        "open_cases": Case.objects.is_open().filter(owner=shown_account).count(),
        "is_unsent": shown_account.last_word == links.UNSENT,
    }
    return render(request, "administration/account.html", context, status=422 if sent and sent.errors else 200)


def _forms(request: Request, account: User) -> dict[str, forms.Form]:
    sent = request.POST.get("form")
    role = next((name for name in ROLES if name in {group.name for group in account.groups.all()}), "")
    departments = [access.departement for access in account.department_accesses.all()]
    team = account.team_access.employee.employee_id if hasattr(account, "team_access") else None
    initial = {name: getattr(account, name) for name in ("first_name", "last_name", "email")}
    return {
        "name": NameForm(request.POST if sent == "name" else None, initial=initial),
        "access": AccessForm(
            request.POST if sent == "access" else None,
            initial={"role": role, "departments": departments, "team_of": team},
            actor=request.user,
            held=account,
        ),
    }


def _changed(request: Request, account: User, form: forms.Form) -> bool:
    saw_everyone = scope_of(account).sees_everyone
    try:
        write: Callable = services.change if isinstance(form, NameForm) else services.give_access
        write(actor=request.user, account=account, **form.cleaned_data)
    except services.AddressTaken:
        form.add_error("email", str(TAKEN))
        return False
    except services.Refused as error:
        raise PermissionDenied from error
    messages.success(request, _("Saved."))
    fresh = get_user_model().objects.get(pk=account.pk)
    if scope_of(fresh).sees_everyone and not saw_everyone:
        messages.warning(request, _("%(account)s sees everyone now.") % {"account": fresh})
    return True


# What a button of an account's page does, and what is said then.
ACTS: dict[str, tuple[Callable[..., None], Any]] = {
    "close": (services.close, gettext_lazy("The account is closed, and its sessions have ended.")),
    "open": (services.reopen, gettext_lazy("The account is open again.")),
    "link": (services.send_link, gettext_lazy("A message with a link is on its way.")),
    "sessions": (services.end_sessions, gettext_lazy("Its sessions have ended.")),
    "factor": (
        services.reset_second_factor,
        gettext_lazy("Its second factor is removed, and its sessions have ended."),
    ),
}


@require_POST
@for_administrators
def act(request: Request, pk: int) -> HttpResponse:
    chosen = get_object_or_404(get_user_model(), pk=pk)
    if request.POST.get("act") not in ACTS:
        raise Http404
    write, said = ACTS[request.POST["act"]]
    try:
        write(actor=request.user, account=chosen)
    except services.Refused as error:
        raise PermissionDenied from error
    messages.success(request, str(said))
    if write is services.close and (number := Case.objects.is_open().filter(owner=chosen).count()):
        told = ngettext(
            "%(number)s open case is still its own: make somebody else responsible for it.",
            "%(number)s open cases are still its own: make somebody else responsible for them.",
            number,
        )
        messages.warning(request, told % {"number": grouped(number)})
    return redirect("administration_account", pk)
