"""Close pages about people to an account that sees nobody."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import user_passes_test
from django.core.exceptions import PermissionDenied
from django.utils.deprecation import MiddlewareMixin

from employees.access.roles import may_audit, may_read_figures, roles_of, scope_of


class SeesNobody(PermissionDenied):
    """An account without a role, or without a department that its role needs, requested a page about people."""

    def __init__(self, user):
        super().__init__()
        self.has_role = bool(roles_of(user))


def for_every_account(view):
    """Mark a view about the account itself, open to one that sees nobody."""
    view.needs_scope = False
    return view


def only_for(may: Callable[[Any], bool]):
    """A decorator that closes a view to the accounts for which ``may`` is false."""

    def admitted(user) -> bool:
        if not may(user):
            raise PermissionDenied
        return True

    return user_passes_test(admitted)


def for_figures(view):
    """Mark a view as open to whoever reads the figures of groups, whose scope is empty: it shows them no person."""
    view.is_for_figures = True
    return view


def for_auditors(view):
    """Mark a view as open to auditors, whose scope is empty: it shows them no person."""
    view.is_for_auditors = True
    return view


class ScopeRequiredMiddleware(MiddlewareMixin):
    """Close every page to an account that sees nobody, unless it is marked ``for_every_account``, or for what the
    account reads: ``for_figures``, ``for_auditors``.

    Runs after Django's ``LoginRequiredMiddleware`` and exempts the same views: the API, the probes, sign-in. The
    administration checks its own permissions.
    """

    def process_view(self, request, view, _args, _kwargs) -> None:
        is_page = getattr(view, "login_required", True) and "admin" not in request.resolver_match.app_names
        if is_page and getattr(view, "needs_scope", True) and scope_of(request.user).is_empty:
            if not may_read_figures(request.user):
                raise SeesNobody(request.user)
            is_audit = getattr(view, "is_for_auditors", False) and may_audit(request.user)
            if not (getattr(view, "is_for_figures", False) or is_audit):
                raise PermissionDenied
