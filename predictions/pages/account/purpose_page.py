"""What names are opened for: asked before the first page of a session that names people."""

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from employees.models import Purpose
from predictions.accounts import purpose
from technova.web.requests import Request


class PurposeForm(forms.Form):
    purpose = forms.ModelChoiceField(
        Purpose.objects.filter(is_active=True),
        label=gettext_lazy("What do you need the names for?"),
        widget=forms.RadioSelect,
        empty_label=None,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: Request) -> HttpResponse:
    form = PurposeForm(request.POST if request.method == "POST" else None)
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    address = wanted if is_ours else reverse("overview")
    if form.is_bound and form.is_valid():
        purpose.give(request, form.cleaned_data["purpose"])
        return redirect(address)
    context = {"form": form, "next": address}
    return render(request, "accounts/purpose.html", context, status=422 if form.errors else 200)
