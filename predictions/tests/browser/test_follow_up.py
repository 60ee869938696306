"""From risk to outcome: HR opens cases, talks, sees one stay and one leave, and reads whether it helped."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from employees.demo import published
from predictions.tests.browser.conftest import LOOKS, signed_in
from predictions.tests.browser.site import serve
from predictions.tests.browser.test_import import NEWEST

PHONE = (390, 844)
FIGURES = ("/follow-up/effect/", "/follow-up/costs/")
HEARD = "Souhaite moins de déplacements."
HEARD_BY_HR = "Souhaite changer d’équipe."
WISHED = "Un poste plus proche."


@pytest.fixture(scope="module")
def site(tmp_path_factory, worker_id):
    """A server of its own, since its months are loaded for good."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with serve(tmp_path_factory.mktemp("followed"), shared, f"followed_{worker_id}") as running:
        yield running


@pytest.fixture(scope="module")
def sign_in(playwright, site):
    return signed_in(playwright, site)


@pytest.fixture
def months(site, tmp_path):
    """Load the extracts of a later day and score everyone; some people work no overtime then, some have left."""

    def load(day, *, rested=(), left=()):
        people = published.read()
        numbers = published.numbers(people).astype(str)
        people.loc[numbers.isin(rested), "heures_supplementaires"] = "Non"
        people.loc[numbers.isin(left), "a_quitte_l_entreprise"] = "Oui"
        files = []
        for extract in published.EXTRACTS:
            path = tmp_path / f"{extract}.csv"
            path.write_bytes(published.write(people, extract))
            files += [f"--{extract}", str(path)]
        site.manage("seed_from_csv", *files, "--as-of", day.isoformat())
        site.manage("build_features")
        site.manage("score_employees")

    return load


def test_officer_follows_people_until_one_stays_and_one_leaves(open_page, axe, months):
    # the first month: two cases from the list
    page = open_page("/follow-up/costs/")
    actions_before = actions_counted(page)
    page.goto("/employees/?department=Commercial&reason=heures_supplementaires&band=over")
    free = page.locator("#results tbody tr:not(:has(.case-mark))")
    staying, leaving = (free.nth(place).locator("[data-select]").get_attribute("value") for place in (0, 1))
    for number in (staying, leaving):
        page.locator(f"[data-select][value='{number}']").check()
    page.locator("[formaction='/follow-up/open/']").click()
    expect(page.locator("main li a")).to_have_count(2)
    assert axe(page) == []
    page.get_by_role("button", name="Ouvrir les suivis").click()
    expect(page.get_by_text("2 suivis ouverts.")).to_be_visible()
    addresses = {number: person_in(page, number).locator("th a").get_attribute("href") for number in (staying, leaving)}

    # with one the talk is planned and held, with the other an action is agreed
    page.goto(addresses[leaving])
    change(page, "planned", talk_at=f"{timezone.localdate() + timedelta(days=3)}T14:30")
    with page.expect_download() as download:
        page.get_by_role("link", name="Entretien pour l’agenda").click()
    assert re.search(r"DTSTART:\d{8}T1[23]3000Z", download.value.path().read_text())
    note_talk(page, HEARD)
    expect(page.locator("#talks ~ article")).to_contain_text(HEARD)
    page.goto(addresses[staying])
    risk_before = risk_now(page)
    page.locator("summary", has_text="Ajouter une action").click()
    page.locator("select[name=kind]").select_option(label="Heures supplémentaires")
    page.locator("input[name=cost]").fill("800")
    page.get_by_role("button", name="Enregistrer l’action").click()
    expect(page.locator("#actions ~ ul")).to_contain_text("Heures supplémentaires")
    expect(page.locator("#actions ~ ul")).to_contain_text("800")
    change(page, "agreed")
    assert axe(page) == []

    # the second month: the overtime has ended, and the risk has fallen
    months(NEWEST + timedelta(days=1), rested=[staying])
    page.goto(addresses[staying])
    assert risk_now(page) < risk_before
    change(page, "watching")
    page.goto("/follow-up/")
    expect(row_of(page, addresses[leaving])).not_to_contain_text("la personne est partie")

    # the third month: one has left
    months(timezone.localdate(), rested=[staying], left=[leaving])
    page.goto("/follow-up/")
    expect(row_of(page, addresses[leaving])).to_contain_text("la personne est partie")
    expect(row_of(page, addresses[staying])).not_to_contain_text("la personne est partie")
    page.goto(addresses[staying])
    change(page, "stayed")
    page.goto(addresses[leaving])
    change(page, "left")
    page.get_by_role("link", name="Entretien de départ").click()
    page.locator("select[name=left_because]").select_option("Démission")
    page.locator("select[name=motive]").select_option("career")
    page.locator("textarea[name=would_have_stayed]").fill(WISHED)
    page.get_by_role("button", name="Enregistrer l’entretien").click()
    expect(page.get_by_text(WISHED)).to_be_visible()
    assert axe(page) == []
    page.goto("/departures/")
    expect(person_in(page, leaving)).to_contain_text("Démission")
    page.goto("/follow-up/")
    for address in addresses.values():
        expect(row_of(page, address)).to_have_count(0)
    page.goto("/follow-up/?view=closed")
    expect(row_of(page, addresses[staying])).to_contain_text("Clos : est resté")
    expect(row_of(page, addresses[leaving])).to_contain_text("Clos : est parti")
    assert axe(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Exporter ces suivis en CSV").click()
    file = download.value.path().read_text(encoding="utf-8-sig")
    assert {staying, leaving} <= {line.partition(";")[0].strip('"') for line in file.splitlines()}
    assert HEARD not in file

    # whether it helped: three comparisons, each with what it can carry; and what the action cost
    page.get_by_role("link", name="Cela a-t-il aidé").click()
    expect(compared(page, "Par tirage au sort")).to_contain_text(re.compile(r"entre [+−]\d+,\d et [+−]\d+,\d"))
    expect(compared(page, "Par tirage au sort")).to_contain_text("Seul le hasard a décidé")
    expect(compared(page, "Semblables")).to_contain_text(re.compile(r"Personnes\s*\d+\s+\d+"))
    expect(compared(page, "Naïf")).to_contain_text("Cela ne dit rien des entretiens")
    assert axe(page) == []
    assert actions_counted(page) in (actions_before, actions_before + 5)  # in fives: one more is mostly not read


def test_manager_sees_of_cases_what_is_shared_on_a_phone(open_page, axe, watch):
    officer = open_page("/employees/?department=Consulting&band=over")
    free = officer.locator("#results tbody tr:not(:has(.case-mark)) a.who")
    people = [free.nth(place).get_attribute("href") for place in (0, 1)]
    shared, kept = (open_case(officer, person, "Un rachat inquiète l’équipe.") for person in people)
    for address, is_shared in ((shared, True), (kept, False)):
        officer.goto(address)
        note_talk(officer, HEARD, is_shared=True)
        note_talk(officer, HEARD_BY_HR)
        change(officer, "agreed", is_shared=is_shared)

    watch.expect("status of 404", "status of 403")
    page = open_page("/follow-up/?view=open", "manager", size=PHONE)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    expect(page.locator(f"tbody a[href='{shared}']")).to_be_visible()
    expect(page.locator(f"tbody a[href='{kept}']")).to_have_count(0)
    expect(page.get_by_role("link", name="Cela a-t-il aidé")).to_have_count(0)
    page.locator(f"tbody a[href='{shared}']").click()
    expect(page.locator("#talks ~ article")).to_have_count(1)
    expect(page.locator("#talks ~ article")).to_contain_text(HEARD)
    for hidden in (HEARD_BY_HR, "rachat"):
        expect(page.locator("main")).not_to_contain_text(hidden)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    answers = {path: page.goto(path).status for path in (kept, f"{kept}talk.ics", "/follow-up/effect/")}
    assert answers == {kept: 404, f"{kept}talk.ics": 404, "/follow-up/effect/": 403}


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_pages_of_cases_have_no_barrier_on_a_phone(open_page, axe, language, theme):
    page = open_page("/follow-up/", size=PHONE, language=language, theme=theme)
    for path in ("/follow-up/?view=closed", "/follow-up/open/?id=1", "/follow-up/1/", "/employees/1/exit/", *FIGURES):
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true; })")
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], path


def row_of(page, address):
    """The row of a case in a list."""
    return page.locator("tbody tr", has=page.locator(f"th a[href='{address}']"))


def person_in(page, number):
    """The row of somebody in a list: the number ends its first cell."""
    return page.locator("tbody tr", has=page.locator("th", has_text=re.compile(rf"(?<!\d){number}\s*$")))


def open_case(page, person, why):
    """Open a case from the page of a person; its address."""
    page.goto(person)
    page.get_by_role("link", name="Ouvrir un suivi").click()
    page.locator("textarea[name=why]").fill(why)
    page.get_by_role("button", name="Ouvrir les suivis").click()
    expect(page.locator("h2#talks")).to_be_visible()
    return re.search(r"/follow-up/\d+/", page.url)[0]


def change(page, state, *, talk_at="", is_shared=False):
    """Give the case on the page another state."""
    form = page.locator("section[aria-labelledby=change]")
    form.locator("select[name=state]").select_option(state)
    form.locator("input[name=talk_at]").fill(talk_at)
    form.locator("input[name=is_shared]").set_checked(is_shared)
    form.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_text("Le suivi est modifié.")).to_be_visible()


def note_talk(page, text, *, is_shared=False):
    """Note a talk in the case on the page; managers who see the case read what is shared."""
    page.locator("summary", has_text="Noter un entretien").click()
    form = page.locator("form[action$='/note/']")
    form.locator("textarea[name=text]").fill(text)
    form.locator("input[name=is_shared]").set_checked(is_shared)
    form.get_by_role("button", name="Enregistrer la note").click()
    expect(page.get_by_text("La note est conservée.")).to_be_visible()


def compared(page, title):
    """One comparison of those with a talk or an action with those without."""
    return page.locator("section", has=page.locator("h2", has_text=title))


def actions_counted(page):
    """How many actions the page of costs counts."""
    page.goto("/follow-up/costs/")
    row = page.locator("tbody tr", has_text="Actions convenues")
    return int(re.search(r"\d+", row.locator("td").first.inner_text())[0])


def risk_now(page):
    """The newest risk on the page of a case, in per cent."""
    told = page.locator("section[aria-labelledby=risk] dd").nth(1).inner_text()
    return float(re.search(r"\d+,\d", told)[0].replace(",", "."))
