"""Accounts, groups, the departments that an account may see, and sign-ins."""

from typing import Any

from allauth.account import admin as _account  # noqa: F401 - registers what is taken away below
from allauth.account.models import EmailAddress
from allauth.mfa import admin as _mfa  # noqa: F401
from allauth.mfa.models import Authenticator
from allauth.socialaccount import admin as _socialaccount  # noqa: F401
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions import admin as _usersessions  # noqa: F401
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Field, ManyToManyField, Prefetch
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from employees import terms
from employees.access import may_change, may_give_departments, may_give_rights, scope_of
from employees.admin.base import ForWhoSeesEveryone
from employees.models import DepartmentAccess, SignIn
from technova.admin import ReadOnlyAdmin


class DepartmentAccessForm(forms.ModelForm):
    departement = forms.ChoiceField(
        label=capfirst(_("department")),
        help_text=_(
            "A manager sees the people of the departments given, and nobody without one. A member of RH sees "
            "everyone, until a department is given: then those given alone, and imports nothing. "
            "A superuser always sees everyone."
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        given = self.instance.departement
        offered = [*terms.labelled("departement")]
        if given and given not in dict(offered):  # merged meanwhile, or no longer offered
            offered.append((given, terms.label("departement", given)))
        self.fields["departement"].choices = [("", "–"), *offered]  # type: ignore[attr-defined]


@admin.register(DepartmentAccess)
class DepartmentAccessAdmin(ForWhoSeesEveryone, admin.ModelAdmin):
    """Departments by account, to search and revoke; they are granted on the account's page."""

    list_display = ["user", "departement"]
    list_filter = ["departement"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__last_name"]

    def has_add_permission(self, request) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        is_allowed = super().has_delete_permission(request, obj)
        return is_allowed and (obj is None or may_give_departments(request.user, obj.user))


class DepartmentAccessInline(ForWhoSeesEveryone, admin.StackedInline):
    """Stacked: the inputs of Django's tabular inlines have no accessible name."""

    model = DepartmentAccess
    form = DepartmentAccessForm
    extra = 0

    def has_add_permission(self, request, *obj) -> bool:
        return super().has_add_permission(request, *obj) and may_give_departments(request.user, *obj)

    def has_change_permission(self, request, obj=None) -> bool:
        return super().has_change_permission(request, obj) and may_give_departments(request.user, obj)

    def has_delete_permission(self, request, obj=None) -> bool:
        return super().has_delete_permission(request, obj) and may_give_departments(request.user, obj)


# Ticked in a list: the two boxes of Django's filter_horizontal have parts that no screen reader names.
TICKED: dict[type[Field], dict[str, Any]] = {ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}

admin.site.unregister([get_user_model(), Group])
# Rows with the secrets of second factors and the keys of sessions: the pages of accounts show what may be seen of them.
admin.site.unregister([EmailAddress, Authenticator, UserSession, SocialAccount, SocialApp, SocialToken])


@admin.register(Group)
class GroupAdmin(ForWhoSeesEveryone, DjangoGroupAdmin):
    """A group's rights are its members', so only superusers change it."""

    formfield_overrides = TICKED

    def has_add_permission(self, request) -> bool:
        return super().has_add_permission(request) and request.user.is_superuser

    def has_change_permission(self, request, obj=None) -> bool:
        return super().has_change_permission(request, obj) and request.user.is_superuser

    def has_delete_permission(self, request, obj=None) -> bool:
        return super().has_delete_permission(request, obj) and request.user.is_superuser


@admin.register(get_user_model())
class UserAdmin(ForWhoSeesEveryone, DjangoUserAdmin):
    """Django's accounts, with their departments; fields that are evidence or may not be granted are read-only."""

    list_display = [
        "username",
        "last_name",
        "first_name",
        "roles",
        "departments",
        "team",
        "is_active",
        "is_staff",
        "last_login",
    ]
    date_hierarchy = "date_joined"
    formfield_overrides = TICKED
    inlines = [DepartmentAccessInline]

    def get_queryset(self, request):
        accesses = Prefetch("department_accesses", DepartmentAccess.objects.order_by("departement"))
        accounts = super().get_queryset(request).select_related("team_access__employee")
        return accounts.prefetch_related("groups", accesses)

    def has_change_permission(self, request, obj=None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or may_change(request.user, obj))

    def has_delete_permission(self, request, obj=None) -> bool:
        is_allowed = super().has_delete_permission(request, obj)
        return is_allowed and (obj is None or (obj != request.user and may_change(request.user, obj)))

    def get_readonly_fields(self, request, obj=None):
        fields = [*super().get_readonly_fields(request, obj), "last_login", "date_joined"]
        if not may_give_rights(request.user, obj):
            fields += ["is_staff", "is_superuser", "groups", "user_permissions"]
        return [*fields, "is_active"] if obj == request.user else fields

    def get_deleted_objects(self, objs, request):
        """Delete an account's sign-in records with it; nobody may delete them on their own."""
        objects, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return objects, counts, lacking - {SignIn._meta.verbose_name}, protected

    def save_related(self, request, form, formsets, change):
        """Warn when an account sees everyone from now on: its last department was revoked, or the group granted."""
        account = self.model.objects.get(pk=form.instance.pk)
        saw_everyone = scope_of(account).sees_everyone
        super().save_related(request, form, formsets, change)
        account = self.model.objects.get(pk=form.instance.pk)
        if scope_of(account).sees_everyone and not saw_everyone:
            self.message_user(request, _("%(account)s sees everyone now.") % {"account": account}, messages.WARNING)

    def get_inlines(self, request, obj):
        """On the second page only: a new account is saved with its name and password first."""
        return self.inlines if obj else []

    @admin.display(description=_("groups"))
    def roles(self, user):
        return ", ".join(group.name for group in user.groups.all())

    @admin.display(description=_("departments"))
    def departments(self, user):
        return ", ".join(access.departement for access in user.department_accesses.all())

    @admin.display(description=_("Team of (employee number)"))
    def team(self, user):
        """As the account's page of the product ties it."""
        access = getattr(user, "team_access", None)
        return access and access.employee.employee_id


@admin.register(SignIn)
class SignInAdmin(ForWhoSeesEveryone, ReadOnlyAdmin):
    list_display = ["at", "user", "address", "has_worked"]
    list_filter = ["has_worked"]
    list_select_related = ["user"]
    date_hierarchy = "at"
    search_fields = ["user__username", "address"]
    search_help_text = _("An account or an address.")
    fields = ["at", "user", "address", "has_worked"]
