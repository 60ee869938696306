"""The company's words: departments, jobs and the like, with their labels, other spellings and merges."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from employees.access import may_administer, only_for
from employees.models import Term, TermSynonym
from employees.terms import changes
from employees.vocabularies import NUMBERED
from predictions.accounts.history import record
from predictions.pages.administration.sections import tabs_of
from technova.database.locks import Busy
from technova.web.requests import Request

VOCABULARIES = Term.VocabularyName

for_editors = only_for(may_administer)


class WordForm(forms.ModelForm):
    """A new value of a vocabulary."""

    class Meta:
        model = Term
        fields = ["value", "label_fr", "label_en"]
        labels = {"value": gettext_lazy("New word")}

    def clean_value(self):
        try:
            return changes.new_value(self.instance.vocabulary, self.cleaned_data["value"])
        except changes.Unacceptable as error:
            raise forms.ValidationError(error.message.said(_)) from error


class LabelsForm(forms.ModelForm):
    class Meta:
        model = Term
        fields = ["label_fr", "label_en", "is_active"]
        labels = {"is_active": gettext_lazy("Offered in forms")}


class SpellingForm(forms.Form):
    spelling = forms.CharField(
        label=gettext_lazy("Another spelling"),
        max_length=changes.LONGEST,
        help_text=gettext_lazy("Files and programs may write it so. Capitals and blanks make no difference."),
    )

    def __init__(self, *args, term: Term, **options):
        super().__init__(*args, **options)
        self.term = term

    def clean_spelling(self):
        try:
            return changes.new_word(self.term.vocabulary, self.cleaned_data["spelling"])
        except changes.Unacceptable as error:
            raise forms.ValidationError(error.message.said(_)) from error


class MergeForm(forms.Form):
    into = forms.ModelChoiceField(
        label=gettext_lazy("Counts under"), queryset=Term.objects.none(), empty_label=gettext_lazy("Choose a word")
    )

    def __init__(self, *args, term: Term, **options):
        super().__init__(*args, **options)
        others = Term.objects.filter(vocabulary=term.vocabulary, merged_into=None).exclude(pk=term.pk)
        self.fields["into"].queryset = others  # type: ignore[attr-defined]
        self.fields["into"].label_from_instance = label_of  # type: ignore[attr-defined]


def known_terms() -> QuerySet[Term]:
    return Term.objects.select_related("merged_into", "recorded_by").prefetch_related(
        Prefetch("synonyms", TermSynonym.objects.order_by("spelling"))
    )


def label_of(term: Term) -> str:
    """A word with its label, where they differ: "Infra & Cloud (Infrastructure)"."""
    label = term.label_fr or term.label_en
    return f"{term.value} ({label})" if label and label != term.value else term.value


@require_http_methods(["GET", "HEAD", "POST"])
@for_editors
def words(request: Request, vocabulary: str = VOCABULARIES.DEPARTEMENT) -> HttpResponse:
    """The words of a vocabulary; POST adds one."""
    if vocabulary not in VOCABULARIES.values:
        raise Http404
    form = WordForm(request.POST or None, instance=Term(vocabulary=vocabulary, recorded_by=request.user))
    if request.method == "POST" and form.is_valid():
        form.save(commit=False)
        if (term := _written(request, lambda: changes.save(term=form.instance))) is not None:
            record(request.user, term, ADDITION, "Added.")
            messages.success(request, _("“%(word)s” is known from now on.") % {"word": term})
            return redirect("administration_words", vocabulary)
    context = {
        "tabs": tabs_of(request.user, "administration_words"),
        "vocabularies": [
            (reverse("administration_words", args=[value]), capfirst(label), value == vocabulary)
            for value, label in VOCABULARIES.choices
        ],
        "title": capfirst(VOCABULARIES(vocabulary).label),
        "terms": known_terms().filter(vocabulary=vocabulary).order_by("-is_active", "value"),
        "form": None if vocabulary in NUMBERED else form,
    }
    return render(request, "administration/words.html", context, status=422 if form.errors else 200)


def _written(request: Request, write: Callable[[], Term]) -> Term | None:
    """What was written; None, with a message, while the workforce is being written or where it cannot be."""
    try:
        return write()
    except Busy as error:
        messages.error(request, _(str(error)))
    except changes.Unacceptable as error:
        messages.error(request, error.message.said(_))
    return None


@require_http_methods(["GET", "HEAD", "POST"])
@for_editors
def word(request: Request, pk: int) -> HttpResponse:
    """A word; POST changes its labels, adds a spelling or merges it into another."""
    term = get_object_or_404(known_terms(), pk=pk)
    sent = request.POST.get("form")
    forms_of: dict[str, forms.BaseForm] = {
        "labels": LabelsForm(request.POST if sent == "labels" else None, instance=term),
        "spelling": SpellingForm(request.POST if sent == "spelling" else None, term=term),
        "merge": MergeForm(request.POST if sent == "merge" else None, term=term),
    }
    if request.method == "POST":
        if sent not in forms_of:
            raise Http404
        if forms_of[sent].is_valid() and _changed(request, term, sent, forms_of[sent]):
            return redirect("administration_word", pk)
    context = {
        "tabs": tabs_of(request.user, "administration_words"),
        "term": get_object_or_404(known_terms(), pk=pk),
        "back": reverse("administration_words", args=[term.vocabulary]),
        "back_label": capfirst(term.get_vocabulary_display()),
        "can_merge": forms_of["merge"].fields["into"].queryset.exists(),  # type: ignore[attr-defined]
        **{f"{name}_form": form for name, form in forms_of.items()},
    }
    is_wrong = any(form.errors for form in forms_of.values())
    return render(request, "administration/word.html", context, status=422 if is_wrong else 200)


def _changed(request: Request, term: Term, what: str, form: forms.BaseForm) -> bool:
    """Whether a sent form was written, with its line of history and its message."""
    match what:
        case "labels":
            done, said = _written(request, lambda: changes.save(term=term)), _("Saved.")
            words = f"Changed {', '.join(form.changed_data) or 'nothing'}."
        case "spelling":
            spelling = form.cleaned_data["spelling"]

            def add() -> Term:
                with changes.learning():
                    return changes.add_synonym(term=term, spelling=spelling, user=request.user).term

            done = _written(request, add)
            said = _("“%(spelling)s” is read as “%(word)s”.") % {"spelling": spelling, "word": term}
            words = f"Added the spelling {spelling}."
        case _:
            into = form.cleaned_data["into"]
            done = _written(request, lambda: changes.merge(term=term, into=into))
            said = _("“%(word)s” counts under “%(into)s” on every day.") % {"word": term, "into": into}
            words = f"Merged into {into}."
    if done is None:
        return False
    record(request.user, term, CHANGE, words)
    messages.success(request, said)
    return True


@require_POST
@for_editors
def act_on_word(request: Request, pk: int) -> HttpResponse:
    """Take a merge back, or forget another spelling."""
    term = get_object_or_404(Term, pk=pk)
    match request.POST.get("act"):
        case "part" if term.merged_into is not None:
            words = f"Parted from {term.merged_into}."
            said = _("“%(word)s” counts by itself again.") % {"word": term}
            done = _written(request, lambda: changes.part(term=term))
        case "forget":
            synonym = get_object_or_404(term.synonyms, pk=request.POST.get("spelling") or 0)
            words = f"Removed the spelling {synonym}."
            said = _("“%(spelling)s” is not read any more.") % {"spelling": synonym}
            done = _written(request, lambda: changes.forget_synonym(synonym=synonym))
        case _:
            raise Http404
    if done is not None:
        record(request.user, term, CHANGE, words)
        messages.success(request, said)
    return redirect("administration_word", pk)
