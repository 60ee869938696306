"""Addresses of the pages. The first word of a name is its entry in the menu."""

from django.conf import settings
from django.urls import include, path

from employees.access import for_auditors, for_every_account, for_figures
from predictions.pages import data, journal_pages, overview, schedule, styleguide, tour
from predictions.pages.compliance import file_page
from predictions.pages.followup import case_list, case_page, cost_page, effect_page, exit_page
from predictions.pages.imports import import_page, load_pages
from predictions.pages.model import card_page, threshold_page, versions_page, workforce_page
from predictions.pages.people import (
    compare,
    employee,
    erase,
    export_pages,
    history_pages,
    risk_list,
    saved_views,
    sheet,
    simulate,
)
from predictions.pages.presence import clarify, departure_list, gaps, numbers
from predictions.pages.report import report_page
from predictions.pages.rights import dossier_page, person_page, request_list, request_page
from predictions.pages.teams import teams_file, teams_page

urlpatterns = [
    path("", include("predictions.pages.account.urls")),
    path("", include("predictions.pages.administration.urls")),
    path("tour/", for_every_account(tour.put_away), name="tour"),
    path("import/", import_page.index, name="import"),
    path("import/loads/", for_auditors(load_pages.loads), name="import_loads"),
    path("import/loads/<int:load>/", load_pages.withdraw, name="import_withdraw"),
    path("import/loads/<int:load>/lists/<slug:name>/", load_pages.withdrawal_list, name="import_withdraw_list"),
    path(
        "import/loads/<int:load>/lists/<slug:name>.csv", load_pages.withdrawal_list_csv, name="import_withdraw_list_csv"
    ),
    path("import/technova-extracts.xlsx", import_page.template, name="import_template"),
    path("import/<uuid:pk>/", import_page.detail, name="import_detail"),
    path("import/<uuid:pk>/answer/", import_page.answer, name="import_answer"),
    path("import/<uuid:pk>/confirm/", import_page.confirm, name="import_confirm"),
    path("import/<uuid:pk>/retry/", import_page.retry, name="import_retry"),
    path("import/<uuid:pk>/discard/", import_page.discard, name="import_discard"),
    path("import/<uuid:pk>/lists/<slug:name>/", import_page.listed, name="import_list"),
    path("import/<uuid:pk>/lists/<slug:name>.csv", import_page.listed_csv, name="import_list_csv"),
    path("", for_figures(overview.overview), name="overview"),
    path("employees/", risk_list.risk_list, name="employees"),
    path("employees/export.csv", export_pages.risk_csv, name="employees_csv"),
    path("employees/export.xlsx", export_pages.risk_xlsx, name="employees_xlsx"),
    path("employees/exports/<uuid:pk>/", export_pages.export_page, name="employees_export"),
    path("employees/exports/<uuid:pk>/again/", export_pages.export_again, name="employees_export_again"),
    path("employees/exports/<uuid:pk>/file/", export_pages.export_file, name="employees_export_file"),
    path("employees/compare/", compare.compare, name="employees_compare"),
    path("employees/views/", saved_views.save, name="employees_save_view"),
    path("employees/views/<int:pk>/delete/", saved_views.delete, name="employees_delete_view"),
    path("employees/<int:employee_id>/", employee.employee, name="employee"),
    path("employees/<int:employee_id>/exit/", exit_page.interview, name="employee_exit"),
    path("employees/<int:employee_id>/erase/", erase.erase_person, name="employee_erase"),
    path("employees/<int:employee_id>/sheet.pdf", sheet.sheet, name="employee_sheet"),
    path("employees/<int:employee_id>/looks/", journal_pages.looks_of, name="employee_looks"),
    path("employees/<int:employee_id>/rights/", person_page.rights, name="employee_rights"),
    path("employees/<int:employee_id>/dossier.pdf", dossier_page.pdf, name="employee_dossier"),
    path("employees/<int:employee_id>/dossier.json", dossier_page.as_json, name="employee_dossier_json"),
    path("requests/", for_auditors(request_list.index), name="requests"),
    path("requests/<int:pk>/", request_page.show, name="requests_request"),
    path("departures/", departure_list.departures, name="departures"),
    path("departures/export.csv", departure_list.departures_csv, name="departures_csv"),
    path("teams/", for_figures(teams_page.teams), name="teams"),
    path("teams/export.csv", for_figures(teams_file.teams_csv), name="teams_csv"),
    path("teams/segments/", for_figures(teams_page.save), name="teams_save"),
    path("teams/segments/<int:pk>/delete/", for_figures(teams_page.delete), name="teams_delete"),
    path("report/", for_figures(report_page.show), name="report"),
    path("report/report.pdf", for_figures(report_page.pdf), name="report_pdf"),
    path("follow-up/", case_list.cases, name="cases"),
    path("follow-up/effect/", effect_page.show, name="cases_effect"),
    path("follow-up/export.csv", case_list.cases_csv, name="cases_csv"),
    path("follow-up/costs/", cost_page.show, name="cases_costs"),
    path("follow-up/open/", case_list.open_some, name="cases_open"),
    path("follow-up/<int:pk>/", case_page.case, name="cases_case"),
    path("follow-up/<int:pk>/change/", case_page.change, name="cases_change"),
    path("follow-up/<int:pk>/note/", case_page.note, name="cases_note"),
    path("follow-up/<int:pk>/note/<int:note>/delete/", case_page.delete_note, name="cases_note_delete"),
    path("follow-up/<int:pk>/action/", case_page.action, name="cases_action"),
    path("follow-up/<int:pk>/action/<int:action>/", case_page.correct_action, name="cases_action_correct"),
    path("follow-up/<int:pk>/talk.ics", case_page.calendar, name="cases_calendar"),
    path("clarify/", clarify.clarify, name="clarify"),
    path("clarify/refused/", gaps.refused, name="clarify_refused"),
    path("clarify/unscored/", gaps.unscored, name="clarify_unscored"),
    path("clarify/unanswered/", gaps.unanswered, name="clarify_unanswered"),
    path("clarify/answers/", clarify.answers, name="clarify_answers"),
    path("clarify/numbers/", numbers.numbers, name="clarify_numbers"),
    path("clarify/numbers/<int:pk>/part/", numbers.part, name="clarify_part"),
    path("clarify/rescore/", clarify.rescore, name="clarify_rescore"),
    path("data/", for_auditors(data.data), name="data"),
    path("data/<str:name>/off/", data.off, name="data_off"),
    path("data/<str:name>/on/", data.on, name="data_on"),
    path("compliance/", for_auditors(file_page.index), name="compliance"),
    path("compliance/answers/", file_page.answers, name="compliance_answers"),
    path("compliance/incidents/new/", file_page.incident, name="compliance_incident"),
    path("compliance/pia.json", for_auditors(file_page.pia_json), name="compliance_pia"),
    path("compliance/<slug:name>/", for_auditors(file_page.document), name="compliance_document"),
    path("compliance/<slug:name>.pdf", for_auditors(file_page.document_pdf), name="compliance_pdf"),
    path("schedule/", schedule.schedule, name="schedule"),
    path("schedule/<slug:name>/", schedule.change, name="schedule_change"),
    path("simulate/", simulate.simulate, name="simulate"),
    path("history/", for_auditors(history_pages.history), name="history"),
    path("history/<int:prediction_id>/", history_pages.prediction, name="history_prediction"),
    path("journal/", for_auditors(journal_pages.looks), name="journal"),
    path("model/", for_figures(card_page.model), name="model"),
    path("model/effects/", for_figures(card_page.effects), name="model_effects"),
    path("model/threshold/", threshold_page.decide, name="model_threshold"),
    path("model/threshold/<int:pk>/undo/", threshold_page.undo_decision, name="model_threshold_undo"),
    path("model/rescore/", threshold_page.rescore, name="model_rescore"),
    path("model/versions/train/", versions_page.train, name="model_train"),
    path("model/versions/back/", versions_page.go_back, name="model_back"),
    path("model/versions/<int:pk>/approve/", versions_page.approve, name="model_approve"),
    path("model/versions/<int:pk>/refuse/", versions_page.refuse, name="model_refuse"),
    path("model/workforce/", for_figures(workforce_page.workforce), name="model_workforce"),
]
if settings.DEBUG:
    urlpatterns.append(path("styleguide/", styleguide.styleguide, name="styleguide"))
