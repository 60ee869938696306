"""Addresses of the pages. The first word of a name is its entry in the menu."""

from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.i18n import set_language

from employees.access import for_every_account
from predictions.pages import data, imports, loads, overview, own_account
from predictions.pages.model import card_page, workforce_page
from predictions.pages.people import employee, history, risk_list, simulate
from predictions.pages.presence import clarify, departures, numbers, refused

urlpatterns = [
    path("login/", auth.LoginView.as_view(template_name="accounts/login.html"), name="login"),
    path("logout/", for_every_account(auth.LogoutView.as_view()), name="logout"),
    path("password/", for_every_account(own_account.PasswordChangeView.as_view()), name="password_change"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("import/", imports.index, name="import"),
    path("import/loads/", loads.loads, name="import_loads"),
    path("import/loads/<int:load>/", loads.withdraw, name="import_withdraw"),
    path("import/loads/<int:load>/lists/<slug:name>/", loads.withdrawal_list, name="import_withdraw_list"),
    path("import/loads/<int:load>/lists/<slug:name>.csv", loads.withdrawal_list_csv, name="import_withdraw_list_csv"),
    path("import/technova-extracts.xlsx", imports.template, name="import_template"),
    path("import/<uuid:pk>/", imports.detail, name="import_detail"),
    path("import/<uuid:pk>/answer/", imports.answer, name="import_answer"),
    path("import/<uuid:pk>/confirm/", imports.confirm, name="import_confirm"),
    path("import/<uuid:pk>/retry/", imports.retry, name="import_retry"),
    path("import/<uuid:pk>/discard/", imports.discard, name="import_discard"),
    path("import/<uuid:pk>/lists/<slug:name>/", imports.listed, name="import_list"),
    path("import/<uuid:pk>/lists/<slug:name>.csv", imports.listed_csv, name="import_list_csv"),
    path("", overview.overview, name="overview"),
    path("employees/", risk_list.risk_list, name="employees"),
    path("employees/export.csv", risk_list.risk_csv, name="employees_csv"),
    path("employees/export.xlsx", risk_list.risk_xlsx, name="employees_xlsx"),
    path("employees/<int:employee_id>/", employee.employee, name="employee"),
    path("departures/", departures.departures, name="departures"),
    path("departures/export.csv", departures.departures_csv, name="departures_csv"),
    path("clarify/", clarify.clarify, name="clarify"),
    path("clarify/refused/", refused.refused, name="clarify_refused"),
    path("clarify/unscored/", clarify.unscored, name="clarify_unscored"),
    path("clarify/unanswered/", clarify.unanswered, name="clarify_unanswered"),
    path("clarify/answers/", clarify.answers, name="clarify_answers"),
    path("clarify/numbers/", numbers.numbers, name="clarify_numbers"),
    path("clarify/numbers/<int:pk>/part/", numbers.part, name="clarify_part"),
    path("clarify/rescore/", clarify.rescore, name="clarify_rescore"),
    path("data/", data.data, name="data"),
    path("data/<str:name>/off/", data.off, name="data_off"),
    path("data/<str:name>/on/", data.on, name="data_on"),
    path("simulate/", simulate.simulate, name="simulate"),
    path("history/", history.history, name="history"),
    path("history/<int:prediction_id>/", history.prediction, name="history_prediction"),
    path("model/", card_page.model, name="model"),
    path("model/effects/", card_page.effects, name="model_effects"),
    path("model/workforce/", workforce_page.workforce, name="model_workforce"),
]
