"""The views for BI tools: what a role that was created as the documentation says can read, and nothing else."""

import re
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction

from employees.access.readable import PAY, PROTECTED, SURVEY
from employees.models import Term
from employees.tests.factories import DAY, EmployeeFactory, EmployeeStateFactory, WorkforceDayFactory, leave
from predictions.tests.conftest import only_postgresql
from predictions.tests.factories import PredictionFactory, ScoringRunFactory

pytestmark = [pytest.mark.django_db, only_postgresql]

GUIDE = (Path(settings.BASE_DIR) / "docs" / "data-model.md").read_text(encoding="utf-8")


def rows(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@pytest.fixture
def as_role():
    """A block in which the connection is the role that the guide creates; it is gone with the test's transaction."""
    (script,) = re.findall(r"```sql\n(.*?)```", GUIDE, re.DOTALL)
    with connection.cursor() as cursor:
        cursor.execute(script.replace("technova_bi", "technova_bi_tested"))

    @contextmanager
    def as_role():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE technova_bi_tested")
            yield
            cursor.execute("RESET ROLE")

    return as_role


def test_role_may_read_the_views_and_nothing_else(as_role):
    every = rows(
        "SELECT relnamespace::regnamespace || '.' || relname, "
        "has_table_privilege('technova_bi_tested', oid, 'SELECT'), "
        "has_table_privilege('technova_bi_tested', oid, 'INSERT, UPDATE, DELETE, TRUNCATE') FROM pg_class "
        "WHERE relkind IN ('r', 'v', 'm', 'p') "
        "AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')"
    )
    assert {name for name, reads, _writes in every if reads} == set(documented())
    assert len(every) > len(documented())
    assert not any(writes for _name, _reads, writes in every)
    for name in documented():
        with as_role():
            rows(f"SELECT * FROM {name}")
    for table in ("predictions_prediction", "employees_employee", "auth_user"):
        with pytest.raises(ProgrammingError, match="permission denied"), as_role():
            rows(f"SELECT * FROM public.{table}")


def test_condition_of_the_reader_is_tried_on_no_row_outside_the_view(as_role):
    older, newer = (ScoringRunFactory(as_of=date(2026, month, 1)) for month in (1, 2))
    person = EmployeeFactory()
    for run, probability in ((older, 0.1), (newer, 0.2)):
        PredictionFactory(scored=True, run=run, employee=person, probability=probability)
    with as_role():
        connection.cursor().execute(
            "CREATE FUNCTION pg_temp.is_seen(float8) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS "
            "$$ BEGIN IF $1 = 0.1 THEN RAISE 'an older score'; END IF; RETURN true; END $$; "
            "SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off"
        )
        assert rows("SELECT probability FROM bi.newest_scores WHERE pg_temp.is_seen(probability)") == [(0.2,)]
    barriers = rows(
        "SELECT relname FROM pg_class WHERE relnamespace = 'bi'::regnamespace "
        "AND reloptions @> ARRAY['security_barrier=true']"
    )
    assert {f"bi.{name}" for (name,) in barriers} == set(documented())


def documented():
    """The columns of each view in the guide."""
    parts = re.split(r"^## `(bi\.\w+)`$", GUIDE, flags=re.MULTILINE)[1:]
    return {
        name: re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
        for name, text in zip(parts[::2], parts[1::2], strict=True)
    }


def test_guide_names_every_column_of_every_view():
    found = rows(
        "SELECT 'bi.' || table_name, array_agg(column_name::text ORDER BY ordinal_position) "
        "FROM information_schema.columns WHERE table_schema = 'bi' GROUP BY 1"
    )
    assert dict(found) == documented()


def test_views_have_no_protected_column_no_pay_no_answer_and_no_name():
    hidden = PROTECTED.columns | PAY.columns | SURVEY.columns | {"nom", "prenom", "group_counts"}
    assert not hidden & {column for columns in documented().values() for column in columns}


def test_newest_scores_are_those_of_the_people_present_by_the_newest_run_in_force(as_role):
    older, newer, withdrawn = (ScoringRunFactory(as_of=date(2026, month, 1)) for month in (1, 2, 3))
    again = ScoringRunFactory(as_of=date(2026, 2, 1))
    here, gone = EmployeeFactory(departement="Commercial"), EmployeeFactory(presence="left")
    for run, probability in ((older, 0.1), (newer, 0.2), (withdrawn, 0.3), (again, 0.4)):
        for person in (here, gone):
            PredictionFactory(scored=True, run=run, employee=person, probability=probability)
    with as_role():
        found = rows("SELECT run, employee_number, department, probability, is_over_threshold FROM bi.newest_scores")
        in_force = rows("SELECT run FROM bi.runs WHERE is_in_force ORDER BY run")
    assert found == [(again.pk, here.employee_id, "Commercial", 0.4, True)]
    assert in_force == [(older.pk,), (again.pk,)]


def test_workforce_and_departures_count_merged_words_as_one(as_role):
    kept = Term.objects.create(vocabulary="departement", value="Ventes")
    between = Term.objects.create(vocabulary="departement", value="Vente", merged_into=kept)
    Term.objects.create(vocabulary="departement", value="Sales", merged_into=between)
    WorkforceDayFactory()
    for department, presence in (("Ventes", "present"), ("Sales", "present"), ("Vente", "absent"), ("R&D", "present")):
        EmployeeStateFactory(departement=department, presence=presence)
    left = leave(EmployeeFactory(departement="Sales"), left_because="fin de CDD")
    with as_role():
        workforce = rows("SELECT department, present, absent, has_left FROM bi.workforce_by_day ORDER BY department")
        departures = rows("SELECT employee_number, department, left_after, left_by, reason FROM bi.departures")
    assert workforce == [("R&D", 1, 0, 0), ("Ventes", 2, 1, 1)]
    assert departures == [(left.employee.employee_id, "Ventes", None, DAY, "fin de CDD")]


def test_workforce_of_each_day_is_as_it_was_known_to_be(as_role):
    earlier = DAY - timedelta(days=30)
    WorkforceDayFactory(as_of=earlier)
    WorkforceDayFactory()
    person = EmployeeFactory(departement="Consulting")
    EmployeeStateFactory(employee=person, as_of=earlier, until=DAY)
    EmployeeStateFactory(employee=person, left=True)
    with as_role():
        found = rows("SELECT day, department, present, has_left FROM bi.workforce_by_day ORDER BY day")
    assert found == [(earlier, "Consulting", 1, 0), (DAY, "Consulting", 0, 1)]
