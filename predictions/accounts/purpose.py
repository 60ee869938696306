"""What people's names are opened for: asked once a session, where ``PURPOSE_REQUIRED`` is on, and kept in the journal.

Figures of groups come first: pages without names are open before.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import urlencode

from employees.access import scope_of
from employees.models import Purpose

ANSWER = "purpose"  # in the session
# The first words of the addresses of pages that name nobody, or that leave the names out until the answer is given.
WITHOUT_NAMES = frozenset(
    ("overview", "teams", "report", "model", "data", "compliance", "schedule", "administration", "journal", "tour")
)


def give(request: HttpRequest, purpose: Purpose) -> None:
    request.session[ANSWER] = purpose.label


def is_missing(request: HttpRequest) -> bool:
    """Whether names stay closed until this session says what they are opened for."""
    return settings.PURPOSE_REQUIRED and ANSWER not in request.session


class PurposeRequired(MiddlewareMixin):
    """Ask what for before a page that names people; note the answer on the account, for the journal."""

    def process_view(self, request, view, _args, _kwargs) -> HttpResponse | None:
        if not getattr(view, "login_required", True) or not getattr(view, "needs_scope", True):
            return None
        request.user.purpose = request.session.get(ANSWER, "")
        if not is_missing(request) or scope_of(request.user).is_empty or self._is_nameless(request):
            return None
        address = f"{reverse('purpose')}?{urlencode({'next': _way_back(request)})}"
        if getattr(request, "htmx", False):  # would put the page into a part of another
            return HttpResponse(headers={"HX-Redirect": address})
        return redirect(address)

    def _is_nameless(self, request) -> bool:
        match = request.resolver_match
        return "admin" not in match.app_names and (match.url_name or "").partition("_")[0] in WITHOUT_NAMES


def _way_back(request: HttpRequest) -> str:
    """The page that was asked for; after a form was sent, the first page."""
    return request.get_full_path() if request.method in ("GET", "HEAD") else reverse("overview")
