from employees.columns import Extract
from employees.extracts import Cost, causes, read_extract, visible
from employees.tests.files import rows_of, table


def test_rejects_are_told_by_cause_the_most_frequent_first():
    rows = rows_of(Extract.SIRH, range(1, 8))
    for row, age in zip(rows, ("x", "12", "13"), strict=False):
        row["age"] = age
    rows[3]["genre"] = "X"
    rows[5] |= {"id_employee": "1\N{ZERO WIDTH SPACE}"}
    found = causes(read_extract(table(rows), name="mai.csv").rejects)
    assert [(cause.count, cause.column, cause.first.line, cause.first.costs) for cause in found] == [
        (3, "age", 2, Cost.CELL),
        (1, "genre", 5, Cost.CELL),
        (1, "id_employee", 7, Cost.ROW),
    ]
    assert str(found[0].sentence) == (
        "mai.csv, column age. Refused cells: 3; the first is on line 2: 'x'."
        " Expected: a whole number between 16 and 80."
    )
    assert str(found[2].sentence) == (
        "mai.csv. Lost rows: 1; the first is on line 7: '1⟨U+200B⟩'. Expected: a whole number between 1 and 2147483647."
    )


def test_conflicts_are_one_cause_whatever_lines_they_name():
    rows = rows_of(Extract.SIRH, [1, 2, 1, 2, 3])
    rows[0]["age"] = rows[1]["age"] = "50"
    (cause,) = causes(read_extract(table(rows)).rejects)
    assert cause.count == 2


def test_invisible_characters_are_named_and_others_stay():
    assert visible("Né à 1 h\N{NO-BREAK SPACE}⟨\N{ZERO WIDTH SPACE}\t") == "Né à 1 h\N{NO-BREAK SPACE}⟨⟨U+200B⟩⟨U+0009⟩"
