"""An account's own page: what it is told by e-mail; and the link in each message that ends it."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from predictions.mails import services as mails
from predictions.mails.models import MailSubscription
from technova.web.requests import Request


class MailForm(forms.Form):
    weekly = forms.BooleanField(label=gettext_lazy("A digest each week"), required=False)
    deliveries = forms.BooleanField(
        label=gettext_lazy("Word of each delivery of extracts that leaves a question or is stopped"), required=False
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of the messages"), choices=settings.LANGUAGES)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        if not mails.may_import(user):
            del self.fields["deliveries"]


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: Request) -> HttpResponse:
    subscription = MailSubscription.objects.filter(user=request.user).first()
    initial: dict[str, object] = {"language": subscription.language if subscription else get_language()}
    initial |= {name: getattr(subscription, name, False) for name in ("weekly", "deliveries")}
    form = MailForm(request.POST or None, initial=initial, user=request.user)
    may_subscribe = mails.may_subscribe(request.user)
    if request.method == "POST" and may_subscribe and form.is_valid():
        wished = {"deliveries": False} | form.cleaned_data
        mails.subscribe(user=request.user, **wished)
        is_told = wished["weekly"] or wished["deliveries"]
        messages.success(
            request, _("You will be told by e-mail.") if is_told else _("You will receive no more e-mail.")
        )
        return redirect("account")
    context = {
        "form": form,
        "ticks": [form[name] for name in ("weekly", "deliveries") if name in form.fields],
        "may_subscribe": may_subscribe,
        "is_mail_sent": not settings.EMAIL_BACKEND.endswith("console.EmailBackend"),
    }
    return render(request, "accounts/account.html", context, status=422 if form.errors else 200)


@method_decorator([login_not_required, csrf_exempt], name="dispatch")
class UnsubscribeView(View):
    """GET asks, POST ends the subscription: programs open the links of messages, and send the POST of RFC 8058.

    The signed token is the proof, so that no form of ours is needed.
    """

    def get(self, request: Request, token: str) -> HttpResponse:
        return self._page(request, mails.subscription_of(token), is_done=False)

    def post(self, request: Request, token: str) -> HttpResponse:
        subscription = mails.subscription_of(token)
        if subscription:
            subscription.delete()
        return self._page(request, subscription, is_done=True)

    def _page(self, request: Request, subscription: MailSubscription | None, *, is_done: bool) -> HttpResponse:
        context = {"is_subscribed": subscription is not None and not is_done}
        return render(request, "accounts/unsubscribe.html", context)
