"""API keys: which there are, whom and what each reads, until when; make, change, replace and revoke them."""

from datetime import datetime, time, timedelta

from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from employees import terms
from employees.access import may_administer, only_for, scope_of
from predictions.accounts.history import record
from predictions.keys import services
from predictions.keys.forms import APIKeyForm, RotationForm
from predictions.keys.models import APIKey
from predictions.pages.administration.sections import tabs_of
from predictions.pages.days import DAYS, DayField
from technova.web.requests import Request

PAGE_SIZE = 50

for_administrators = only_for(may_administer)


class KeyForm(APIKeyForm):
    """A key, which works to the end of its last day."""

    expiry_date = DayField(
        label=gettext_lazy("Last day"), validators=DAYS, help_text=gettext_lazy("Ten years from now at most.")
    )

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["expiry_date"].required = True
        expiry = self.instance.expiry_date or timezone.now() + services.LIFETIME
        self.initial["expiry_date"] = timezone.localdate(expiry)

    def clean_expiry_date(self):
        day = self.cleaned_data["expiry_date"]
        self.cleaned_data["expiry_date"] = timezone.make_aware(datetime.combine(day, time.max))
        return super().clean_expiry_date()


def row_of(key: APIKey) -> dict[str, object]:
    """A key as the pages tell of it."""
    names = [terms.label("departement", name) for name in key.scope.names]
    return {
        "key": key,
        "sees": _("everyone") if key.scope.sees_everyone else ", ".join(names),
        "state": _("revoked") if key.revoked else _("in use") if key.is_usable else _("expired"),
    }


@require_safe
@for_administrators
def api_keys(request: Request) -> HttpResponse:
    page = Paginator(APIKey.objects.order_by("revoked", "-created"), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "tabs": tabs_of(request.user, "administration_keys"),
        "page": page,
        "rows": [row_of(key) for key in page],
    }
    return render(request, "administration/keys.html", context)


def _form(request: Request, key: APIKey | None = None) -> KeyForm:
    class OfThisAccount(KeyForm):
        scope = scope_of(request.user)

    return OfThisAccount(
        request.POST if request.POST.get("form", "key") == "key" and request.POST else None, instance=key
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def new_key(request: Request) -> HttpResponse:
    """The form of a new key; POST makes it and shows its secret, once."""
    form = _form(request)
    if request.method == "POST" and form.is_valid():
        secret = form.instance.assign_secret()
        key = form.save()
        record(request.user, key, ADDITION, "Made.")
        return _shown_once(request, key, secret)
    context = {"tabs": tabs_of(request.user, "administration_keys"), "form": form}
    return render(request, "administration/new_key.html", context, status=422 if form.errors else 200)


def _shown_once(request: Request, key: APIKey, secret: str) -> HttpResponse:
    context = {"tabs": tabs_of(request.user, "administration_keys"), "key": key, "secret": secret}
    return render(request, "administration/key_made.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators
def api_key(request: Request, prefix: str) -> HttpResponse:
    """A key; POST changes it. A revoked one is only read."""
    key = get_object_or_404(APIKey, prefix=prefix)
    if request.method == "POST" and key.revoked:
        raise PermissionDenied
    form = _form(request, key)
    if request.method == "POST" and form.is_valid():
        form.save()
        record(request.user, key, CHANGE, f"Changed {', '.join(form.changed_data) or 'nothing'}.")
        messages.success(request, _("Saved."))
        return redirect("administration_key", prefix)
    return _key_page(request, prefix, form, RotationForm())


def _key_page(request: Request, prefix: str, form: KeyForm, rotation: RotationForm) -> HttpResponse:
    context = {
        "tabs": tabs_of(request.user, "administration_keys"),
        "row": row_of(APIKey.objects.get(prefix=prefix)),
        "form": form,
        "rotation": rotation,
    }
    is_wrong = form.errors or rotation.errors
    return render(request, "administration/key.html", context, status=422 if is_wrong else 200)


@require_POST
@for_administrators
def act_on_key(request: Request, prefix: str) -> HttpResponse:
    """Revoke a key for good, or replace it by a new one, whose secret is shown once."""
    key = get_object_or_404(APIKey, prefix=prefix)
    match request.POST.get("act"):
        case "revoke":
            if not key.revoked:
                key.revoke()
                record(request.user, key, CHANGE, "Revoked.")
            messages.success(request, _("%(key)s is revoked.") % {"key": key})
            return redirect("administration_key", prefix)
        case "replace":
            return _replace(request, key)
    raise Http404


def _replace(request: Request, key: APIKey) -> HttpResponse:
    rotation = RotationForm(request.POST)
    if not rotation.is_valid():
        return _key_page(request, key.prefix, _form(request, key), rotation)
    try:
        new, secret = services.rotate_api_key(key=key, overlap=timedelta(days=rotation.cleaned_data["overlap"]))
    except services.RefusedKey:
        messages.error(request, _("This key is revoked or has expired: make a new one."))
        return redirect("administration_key", key.prefix)
    record(request.user, new, ADDITION, f"Replaces {key.prefix}.")
    return _shown_once(request, new, secret)
