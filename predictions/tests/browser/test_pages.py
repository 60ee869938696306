"""Every page, unfolded, in both languages and themes: no error, no barrier, nothing foreign, no sideways scroll."""

import io
import re

import pytest
from django.urls import resolve
from pypdf import PdfReader

from predictions.passwords import TRIES_FROM_ONE_PLACE
from predictions.tests.browser.conftest import DESKTOP, LOOKS, PHONE
from predictions.tests.test_scope import OURS

# Addresses and who opens them. The demo has employees 1 and, of the manager's department, 2; its first scoring run made
# prediction 1.
PAGES = {
    "login": ("/login/", None),
    "overview": ("/", "rh"),
    "overview of a manager": ("/", "manager"),
    "list": ("/employees/", "rh"),
    "filtered list": ("/employees/?department=Consulting&band=high&sort=number", "manager"),
    "empty list": ("/employees/?number=999999", "rh"),
    "wrong filter of the list": ("/employees/?number=x&band=y", "rh"),
    "people side by side": ("/employees/compare/?id=2&id=4&id=5", "rh"),
    "employee": ("/employees/1/", "rh"),
    "who looked at an employee": ("/employees/1/looks/", "rh"),
    "erasing an employee": ("/employees/1/erase/", "rh"),
    "access journal": ("/journal/", "auditeur"),
    "employee of a manager": ("/employees/2/", "manager"),
    "departures": ("/departures/", "rh"),
    "departures of a manager": ("/departures/", "manager"),
    "teams": ("/teams/", "rh"),
    "a segment": ("/teams/?rows=site&columns=level&department=Consulting", "rh"),
    "teams by manager": ("/teams/?rows=team", "manager"),
    "what names are for": ("/purpose/", "rh"),
    "today of the management": ("/", "direction"),
    "teams of an auditor": ("/teams/?show=expected", "auditeur"),
    "report": ("/report/", "rh"),
    "report of an auditor": ("/report/", "auditeur"),
    "requests of people": ("/requests/", "rh"),
    "requests to an auditor": ("/requests/", "auditeur"),
    "a request": ("/requests/1/", "rh"),
    "rights of a person": ("/employees/1/rights/", "rh"),
    "my week": ("/follow-up/", "rh"),
    "open cases of a manager": ("/follow-up/?view=open", "manager"),
    "exit interview": ("/employees/1/exit/", "rh"),
    "did it help?": ("/follow-up/effect/", "rh"),
    "did it help? to an auditor": ("/follow-up/effect/", "auditeur"),
    "costs": ("/follow-up/costs/", "rh"),
    "costs of an auditor": ("/follow-up/costs/", "auditeur"),
    "opening cases": ("/follow-up/open/?id=1&id=2", "rh"),
    "a case": ("/follow-up/1/", "rh"),
    "absent": ("/clarify/", "rh"),
    "refused": ("/clarify/refused/", "rh"),
    "not scored": ("/clarify/unscored/", "rh"),
    "no recent answer": ("/clarify/unanswered/", "rh"),
    "answers": ("/clarify/answers/", "rh"),
    "merged numbers": ("/clarify/numbers/", "rh"),
    "loads": ("/import/loads/", "rh"),
    "withdrawal": ("/import/loads/1/", "rh"),
    "data": ("/data/", "rh"),
    "schedule": ("/schedule/", "rh"),
    "compliance": ("/compliance/", "rh"),
    "works council's file": ("/compliance/works-council/", "rh"),
    "answers for the company": ("/compliance/answers/", "rh"),
    "incident": ("/compliance/incidents/new/", "rh"),
    "switching off": ("/data/age/off/", "admin"),
    "simulation": ("/simulate/", "rh"),
    "simulation of a manager": ("/simulate/", "manager"),
    "history": ("/history/", "rh"),
    "prediction": ("/history/1/", "rh"),
    "import": ("/import/", "rh"),
    "model": ("/model/", "rh"),
    "whole model": ("/model/?tab=all", "rh"),
    "threshold": ("/model/?tab=threshold", "rh"),
    "model of a manager": ("/model/", "manager"),
    "effects": ("/model/effects/", "rh"),
    "effects of a manager": ("/model/effects/", "manager"),
    "workforce": ("/model/workforce/", "rh"),
    "overview of an auditor": ("/", "auditeur"),
    "history of an auditor": ("/history/", "auditeur"),
    "loads of an auditor": ("/import/loads/", "auditeur"),
    "password": ("/password/", "rh"),
    "account": ("/account/", "rh"),
    "account of a newcomer": ("/account/", "newcomer"),
    "security": ("/account/security/", "rh"),
    "authenticator app": ("/account/security/app/", "rh"),
    "new passkey": ("/account/security/passkey/", "rh"),
    "confirmation": ("/account/confirm/", "rh"),
    "password forgotten": ("/password/forgotten/", None),
    "link that is too old": ("/password/set/x/y-z/", None),
    "accounts": ("/administration/accounts/", "rh"),
    "roles": ("/administration/roles/", "auditeur"),
    "invitation": ("/administration/accounts/invite/", "rh"),
    "another's account": ("/administration/accounts/2/", "rh"),
    "keys": ("/administration/keys/", "admin"),
    "new key": ("/administration/keys/new/", "admin"),
    "words": ("/administration/words/", "admin"),
    "words that are numbers": ("/administration/words/frequence_deplacement/", "admin"),
    "a word": ("/administration/words/1/", "admin"),
    "loads in the administration": ("/import/loads/", "admin"),
    "end of messages": ("/account/unsubscribe/x/", None),
    "API": ("/docs", None),
    "not found": ("/nothing/", "rh"),
    "not allowed": ("/import/", "manager"),
    "closed": ("/", "newcomer"),
}
# Addresses that show no page of their own; that of one import is opened by the test of the import.
NOT_PAGES = {
    *(name for name in OURS if name.startswith("import_") and name not in ("import_loads", "import_withdraw")),
    *("employees_save_view", "employees_delete_view"),
    "account_inactive",
    "account_sessions",
    *("administration_act", "administration_key_act", "administration_word_act"),
    "administration_key",  # opened by the test that makes one
    # of a second factor, opened by the test of it
    *("mfa_authenticate", "mfa_reauthenticate", "mfa_deactivate_totp", "mfa_view_recovery_codes"),
    *("mfa_generate_recovery_codes", "mfa_login_webauthn", "mfa_remove_webauthn", "mfa_reauthenticate_webauthn"),
    *("clarify_part", "clarify_rescore", "data_on", "departures_csv", "schedule_change"),
    *("compliance_pdf", "compliance_pia", "tour"),
    *(
        "employee_dossier",
        "employee_dossier_json",
        "employee_sheet",
        "report_pdf",
        "teams_csv",
        "teams_save",
        "teams_delete",
    ),
    *(
        "model_threshold",
        "model_threshold_undo",
        "model_rescore",
        "model_train",
        "model_back",
        "model_approve",
        "model_refuse",
    ),
    *("cases_change", "cases_note", "cases_note_delete", "cases_action", "cases_action_correct"),
    *("cases_calendar", "cases_csv"),
    *(name for name in OURS if name.startswith("api-") and name != "api-docs"),
    # of an export, opened by the test of its page
    *(name for name in OURS if name.startswith("employees_export")),
    *("employees_csv", "employees_xlsx", "logout", "set_language", "health", "ready", "metrics"),
}


def test_every_page_is_opened():
    opened = {resolve(path.partition("?")[0]).url_name for path, _account in PAGES.values() if path != "/nothing/"}
    assert opened == OURS - NOT_PAGES


@pytest.mark.parametrize(("language", "theme"), LOOKS)
@pytest.mark.parametrize("account", [None, "rh", "manager", "auditeur", "newcomer", "admin"])
def test_pages_have_no_barrier_and_fit_a_phone(open_page, watch, axe, account, language, theme):
    watch.expect("status of 404", "status of 403", "status of 410")
    page = open_page("/login/", account, language=language, theme=theme)
    for name, (path, whose) in PAGES.items():
        if whose != account:
            continue
        page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
        page.goto(path)
        if name == "API":  # Swagger UI, which a script draws, in English only
            page.locator(".opblock").last.wait_for()
        assert page.locator("html").get_attribute("lang") == ("en" if name == "API" else language), name
        page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true; })")
        assert axe(page) == [], name
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], name


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_page_that_refuses_a_password_has_no_barrier_and_fits_a_phone(open_page, watch, axe, language, theme):
    watch.expect("status of 429")
    page = open_page("/login/", None, language=language, theme=theme)
    for _try in range(TRIES_FROM_ONE_PLACE + 1):
        page.goto("/login/")
        page.fill("[name=username]", f"nobody {language}")
        page.fill("[name=password]", "wrong")
        page.press("[name=password]", "Enter")
        page.wait_for_load_state()
    assert page.locator("h1").inner_text() in ("Too many wrong passwords", "Trop de mots de passe erronés")
    assert axe(page) == []
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_watch_sees_what_the_policy_refuses_and_requests_to_elsewhere(open_page, watch):
    page = open_page("/login/", None)
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.evaluate("fetch('https://elsewhere.example/').catch(() => {})")
    page.wait_for_timeout(100)
    assert "Content Security Policy" in watch.problems[0]
    assert any("elsewhere.example" in problem for problem in watch.problems)
    watch.problems.clear()


def test_axe_sees_a_barrier(open_page, axe):
    page = open_page("/login/", None)
    page.evaluate("document.querySelector('label').remove()")
    assert [violation for violation in axe(page) if violation.startswith("label")]


def test_pages_are_printed_without_blank_sheets(open_page):
    page = open_page("/")
    assert page.locator(".chart .dot").count() > 2  # the trend
    for path in (
        "/",
        "/employees/1/",
        "/employees/179/",
        "/employees/?band=over",
        "/model/",
        "/model/?tab=all",
    ):  # 179: many reasons
        page.goto(path)
        *sheets, last = PdfReader(io.BytesIO(page.pdf(format="A4"))).pages
        assert last.extract_text().strip(), path
        assert max((height_of_last_text(sheet) / sheet.mediabox.height for sheet in sheets), default=0) < 0.6, path


@pytest.mark.parametrize("account", ["rh", "manager"])
def test_today_is_printed_on_one_sheet(open_page, account):
    page = open_page("/", account)
    assert len(PdfReader(io.BytesIO(page.pdf(format="A4"))).pages) == 1


@pytest.mark.parametrize("path", ["/", "/employees/", "/departures/", "/teams/"])
def test_printed_page_tells_date_and_author_and_numbers_its_sheets(open_page, path):
    page = open_page(path, language="en")
    sheets = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    assert re.search(r"Printed on \d+ \w+ \d{4} by rh", sheets[0].extract_text())
    for number, sheet in enumerate(sheets, start=1):
        assert re.search(rf"{number}\s*/\s*{len(sheets)}", sheet.extract_text())


def height_of_last_text(sheet):
    """How far above the lower edge the text of a sheet ends; the whole height when there is none."""
    heights = [sheet.mediabox.height]

    def note(text, page, line, *_font):
        if text.strip():
            heights.append(line[4] * page[1] + line[5] * page[3] + page[5])

    sheet.extract_text(visitor_text=note)
    return min(heights)
