import json
from datetime import date
from io import StringIO

import pandas as pd
import pytest
from django.core.management import call_command

from employees.columns import SATISFACTIONS, Extract
from employees.extracts import Asked, File, FileMapping, answer, propose_mapping, read_files
from employees.models import LoadedExtract, SavedMapping, SirhRow
from employees.tests.firms import FIRMS, NEW_DEPARTMENT, as_read
from employees.vocabularies import CONTRACT

DAYS = {1: date(2026, 9, 30), 2: date(2026, 10, 31)}


def uploaded(files):
    return [File(content, name) for name, content in files.items()]


def read(files, mapping, vocabularies):
    return read_files(uploaded(files), mapping=mapping, vocabularies=vocabularies)


def questions_of(extracts):
    return [question for extract in extracts for question in extract.questions]


def learned(firm):
    """The mapping and the words of a company after its first month: proposals are taken, four titles corrected."""
    files = firm.files(1)
    mapping, questions = propose_mapping(uploaded(files))
    for question in questions:
        if question.header.startswith("Q"):  # no title says what it asks
            mapping = answer(mapping, question, SATISFACTIONS[int(question.header[1]) - 1])
    vocabularies = dict(CONTRACT)
    for question in questions_of(read(files, mapping, vocabularies)):
        if question.asked == Asked.WORD:
            known = vocabularies[question.column]
            vocabularies[question.column] = known.learn(question.text, question.proposal.value)
        else:
            mapping = answer(mapping, question, question.proposal.value)
    return FileMapping.of(json.loads(json.dumps(mapping.document()))), vocabularies


@pytest.fixture(params=FIRMS, ids=lambda firm: type(firm).__name__, scope="module")
def firm(request):
    return request.param


@pytest.fixture(scope="module")
def known(firm):
    return learned(firm)


def test_files_of_the_first_month_say_what_the_company_means(firm, known):
    mapping, vocabularies = known
    people = as_read(firm.people(1))
    for extract in read(firm.files(1), mapping, vocabularies):
        assert extract.rejects == extract.questions == ()
        given = [name for name in extract.given if name in people]
        pd.testing.assert_frame_equal(
            extract.frame[given].astype(object), people[given].astype(object), check_index_type=False
        )
        assert extract.extract == Extract.ANNUAIRE or len(given) >= 8


def test_second_month_asks_for_the_new_department_alone(firm, known):
    mapping, vocabularies = known
    files = firm.files(2)
    (question,) = questions_of(read(files, mapping, vocabularies))
    assert (question.column, question.text, question.count) == ("departement", NEW_DEPARTMENT, 3)
    assert propose_mapping(uploaded(files), mapping=mapping) == (mapping, [])
    words = {**vocabularies, "departement": vocabularies["departement"].learn(NEW_DEPARTMENT, NEW_DEPARTMENT)}
    assert questions_of(read(files, mapping, words)) == []


def test_titles_are_understood_but_those_that_say_nothing():
    for firm in FIRMS:
        files = firm.files(1)
        _mapping, questions = propose_mapping(uploaded(files))
        unknown = [question.header for question in questions if question.proposal.is_new]
        assert all(title.startswith("Q") or title == "CENTRE_COUT" for title in unknown)
        assert all(question.column or question.proposal.is_new for question in questions)


def test_totals_are_proposed_to_be_skipped_and_counted():
    factory = FIRMS[1]
    files = factory.files(1)
    mapping, _titles = propose_mapping([File(files["paie_1.csv"])])
    (extract,) = read_files([File(files["paie_1.csv"])], mapping=mapping)
    (total,) = (question for question in extract.questions if question.asked == Asked.ROW)
    assert (total.text, total.count, total.line) == ("TOTAL", 1, 42)
    assert (extract.read, extract.rejected, extract.report.skipped) == (40, 0, 1)
    (extract,) = read_files([File(files["paie_1.csv"])], mapping=answer(mapping, total, ""))
    assert (extract.read, extract.rejected, extract.report.skipped) == (41, 1, 0)


@pytest.mark.django_db
def test_command_reads_by_the_saved_mapping_and_asks_for_the_new_department_alone(firm, known, tmp_path):
    SavedMapping.objects.create(name="default", document=known[0].document())
    seed(firm, 1, tmp_path, new_values="accept")
    output = seed(firm, 2, tmp_path, accept_implausible=True)
    (asked,) = [line for line in output.splitlines() if "is not known" in line]
    assert f"{NEW_DEPARTMENT!r} is not known (3 rows); --new-values accept takes it as a new value" in asked
    seed(firm, 2, tmp_path, new_values="accept", accept_implausible=True)
    people = firm.people(2)
    month = SirhRow.objects.filter(extract=LoadedExtract.objects.in_force().get(as_of=DAYS[2], kind=Extract.SIRH))
    found = month.values_list("number", "revenu_mensuel", "departement")
    assert {row[0]: row[1:] for row in found} == dict(
        zip(people.index, zip(people["revenu_mensuel"], people["departement"], strict=True), strict=True)
    )


def seed(firm, month, folder, **options):
    """Load a month by command; return what it says."""
    files = firm.files(month)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    out = StringIO()
    call_command("seed_from_csv", *(str(folder / name) for name in files), as_of=DAYS[month], stdout=out, **options)
    return out.getvalue()
