"""The views of the list that an account keeps: saved under a name from where one is, and taken away."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from predictions.models import SavedView
from predictions.pages.people import list_form


class SavedViewForm(forms.Form):
    name = forms.CharField(max_length=SavedView._meta.get_field("name").max_length)
    query = forms.CharField(max_length=SavedView._meta.get_field("query").max_length, required=False)

    def clean_query(self) -> str:
        """The query as the list writes it: nothing else is kept."""
        return list_form.query_of(QueryDict(self.cleaned_data["query"].removeprefix("?")))


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the list as it is under a name; the same name again replaces what it stood for."""
    form = SavedViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The view was not saved: give it a name of 60 letters at most."))
        return redirect("employees")
    name, query = form.cleaned_data["name"], form.cleaned_data["query"]
    kept = SavedView.objects.of(request.user)
    if not kept.filter(name=name).exists() and kept.count() >= SavedView.MOST:
        messages.error(
            request, _("You keep %(most)s views, as many as fit: delete one first.") % {"most": SavedView.MOST}
        )
    else:
        kept.update_or_create(user=request.user, name=name, defaults={"query": query})
        messages.success(request, _("The view “%(name)s” is saved: it stands above the list.") % {"name": name})
    return redirect(list_form.address(QueryDict(query.removeprefix("?"))))


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView.objects.of(request.user), pk=pk)
    view.delete()
    messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
    return redirect("employees")
