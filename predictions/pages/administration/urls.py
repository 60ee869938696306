"""Addresses of the administration."""

from django.urls import path

from employees.access import for_auditors
from predictions.pages.administration import accounts, api_keys, roles, words

urlpatterns = [
    path("administration/roles/", for_auditors(roles.roles), name="administration_roles"),
    path("administration/accounts/", accounts.accounts, name="administration_accounts"),
    path("administration/accounts/invite/", accounts.invite, name="administration_invite"),
    path("administration/accounts/<int:pk>/", accounts.account, name="administration_account"),
    path("administration/accounts/<int:pk>/do/", accounts.act, name="administration_act"),
    path("administration/keys/", api_keys.api_keys, name="administration_keys"),
    path("administration/keys/new/", api_keys.new_key, name="administration_new_key"),
    path("administration/keys/<slug:prefix>/", api_keys.api_key, name="administration_key"),
    path("administration/keys/<slug:prefix>/do/", api_keys.act_on_key, name="administration_key_act"),
    path("administration/words/", words.words, name="administration_words"),
    path("administration/words/<int:pk>/", words.word, name="administration_word"),
    path("administration/words/<int:pk>/do/", words.act_on_word, name="administration_word_act"),
    path("administration/words/<slug:vocabulary>/", words.words, name="administration_words"),
]
