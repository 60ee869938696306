"""A year of a small company from a seed, with its truth: what HR delivers, and what is so at each month end.

People join, move, get rises and leave; one leaver in five vanishes from the files without a word, and one of these
comes back, as does one who had left. One month's files come late, one survey holds half of the people, one month's SIRH
is corrected, and once another company's files come. The truth knows nothing of files in force: it follows from what
happened to each person and from which months' files have come.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from random import Random

from employees.columns import DEPARTMENTS, Extract
from employees.tests.files import rows_of, table

MONTHS = 12
FIRST_YEAR = 2025  # month 0 is January's end
STRANGERS = 50_001  # the first number of the other company
TOP = 1  # everyone's manager, who stays


class Why(StrEnum):
    """What is special about a delivery."""

    REGULAR = "regular"
    HALF_SURVEY = "half survey"  # known answers stay; who has none yet is not scored
    MISTAKEN = "mistaken"  # some departments are wrong, and corrected by the next delivery
    CORRECTION = "correction"  # the SIRH alone
    WRONG = "wrong"  # another company's: to be stopped; loaded all the same, to be withdrawn
    LATE = "late"  # older than the delivery before it: no reason to stop it


class Leaving(StrEnum):
    """How the files tell that someone left."""

    FLAG = "flag"  # Oui in the survey of the month, in no file after it
    DIRECTORY = "directory"  # in none of the three files from the month on, a date in the directory
    SILENCE = "silence"  # in no file from the month on


@dataclass(frozen=True, slots=True)
class Delivery:
    """Files that come together."""

    as_of: date
    files: Mapping[Extract, bytes]
    why: Why


@dataclass(frozen=True, slots=True)
class Truth:
    """The workforce on a day; nobody is in two of ``present``, ``left`` and ``absent``."""

    as_of: date
    present: frozenset[int]
    left: frozenset[int]
    absent: frozenset[int]
    not_scored: frozenset[int]  # of those present: no evaluation or no survey yet
    departments: Mapping[int, str]  # of those present
    pay: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Life:
    """The deliveries in the order in which they come, and the truth.

    ``truths[n]`` is that of month ``n``'s end once everything came, in whatever order, without what is wrong.
    ``after[i]`` is that of the newest month end after the deliveries up to ``i``, in their order; after one that is
    wrong it is that of having withdrawn it.
    """

    deliveries: tuple[Delivery, ...]
    truths: tuple[Truth, ...]
    after: tuple[Truth, ...]


def month_end(month: int) -> date:
    """The last day of a month by number."""
    year, number = FIRST_YEAR + month // 12, month % 12 + 1
    return date(year, number, monthrange(year, number)[1])


def live(seed: int, *, people: int = 120, joining: int = 18, leaving: int = 20) -> Life:
    """A year of a company that starts with ``people``, of whom at least ten leave; the same for the same arguments."""
    return _Year(Random(seed), people, joining, leaving).life()


@dataclass(slots=True)
class _Person:
    number: int
    joined: int  # month, negative before the year
    born: int
    department: str
    pay: int
    leaves: int = MONTHS + 1
    leaving: Leaving = Leaving.SILENCE
    returns: int = MONTHS + 1
    moves: dict[int, str] = field(default_factory=dict)
    rises: dict[int, float] = field(default_factory=dict)

    def is_employed(self, month: int) -> bool:
        return self.joined <= month < self.leaves or month >= self.returns

    def is_in_files(self, month: int) -> bool:
        return self.is_employed(month) or (month == self.leaves and self.leaving is Leaving.FLAG)

    def has_evaluation(self, month: int) -> bool:
        """Every second newcomer is appraised a month after joining."""
        return self.is_in_files(month) and month >= self.joined + self.number % 2

    def has_left_with_a_word(self, month: int, missing: Iterable[int]) -> bool:
        has_left = self.leaves <= month and not self.is_employed(month)
        return has_left and (
            self.leaving is Leaving.DIRECTORY or (self.leaving is Leaving.FLAG and self.leaves not in missing)
        )

    def department_at(self, month: int) -> str:
        return [self.department, *(name for moved, name in sorted(self.moves.items()) if moved <= month)][-1]

    def pay_at(self, month: int) -> int:
        pay = self.pay
        for raised, rise in sorted(self.rises.items()):
            pay = round(pay * (1 + rise / 100)) if raised <= month else pay
        return pay

    def since(self, month: int) -> int:
        """The month in which the present spell began."""
        return self.returns if month >= self.returns else self.joined


class _Year:
    def __init__(self, rng: Random, people: int, joining: int, leaving: int) -> None:
        self.rng = rng
        self.late, self.half, self.mistaken, self.wrong = rng.sample(range(2, MONTHS), 4)
        # Someone joins in the month of the half survey, and is not in it.
        joined = [-rng.randrange(1, 240) for _ in range(people)] + [self.half]
        joined += [rng.randint(1, MONTHS) for _ in range(joining - 1)]
        self.people = [self._person(number, month) for number, month in enumerate(joined, start=TOP)]
        self._leave(leaving)
        for person in rng.sample(self.people, len(self.people) // 4):
            person.moves[rng.randint(1, MONTHS)] = rng.choice(DEPARTMENTS)
        for person in rng.sample(self.people, len(self.people) // 2):
            person.rises[rng.randint(1, MONTHS)] = rng.randint(2, 15)
        self.left_out = self._left_out()
        in_files = [person.number for person in self.people if person.is_in_files(self.mistaken)]
        self.mistakes = {number: rng.choice(DEPARTMENTS) for number in rng.sample(in_files, 3)}

    def _person(self, number: int, joined: int) -> _Person:
        born = min(joined, 0) - 12 * self.rng.randint(20, 40) - self.rng.randrange(12)
        return _Person(number, joined, born, self.rng.choice(DEPARTMENTS), self.rng.randint(1_800, 9_000))

    def _leave(self, count: int) -> None:
        """Who leaves, when and how; the first by flag and the first in silence come back."""
        long_here = [person for person in self.people if person.joined <= 0 and person.number != TOP]
        leavers = self.rng.sample(long_here, count)
        silent = max(count // 5, 1)
        for place, person in enumerate(leavers):
            told = Leaving.FLAG if place % 2 else Leaving.DIRECTORY
            person.leaving = Leaving.SILENCE if place < silent else told
            person.leaves = self.rng.randint(1, MONTHS)
        rehired = next(person for person in leavers if person.leaving is Leaving.FLAG)
        for person in (rehired, leavers[0]):
            person.leaves = self.rng.randint(1, MONTHS // 2)
            person.returns = person.leaves + self.rng.randint(3, 5)

    def _left_out(self) -> frozenset[int]:
        """Half of the people of the half survey: never those whose departure it tells, or who come back."""
        asked = [person for person in self.people if self.half not in (person.leaves, person.returns)]
        numbers = [person.number for person in asked if person.is_in_files(self.half)]
        new = [person.number for person in asked if person.joined == self.half]
        return frozenset(self.rng.sample(numbers, len(numbers) // 2) + new[:1])

    # Deliveries and truth

    def life(self) -> Life:
        deliveries: list[Delivery] = []
        after: list[Truth] = []

        def deliver(month: int, why: Why, files: dict[Extract, bytes], truth: Truth) -> None:
            deliveries.append(Delivery(month_end(month), files, why))
            after.append(truth)

        for month in [number for number in range(MONTHS + 1) if number != self.late]:
            missing = range(self.late, self.late + 1) if month == self.late + 1 else ()
            truth = self._truth(month, missing)
            if month == self.mistaken:
                mistaken = self._truth(month, missing, self.mistakes)
                deliver(month, Why.MISTAKEN, self._files(month, self.mistakes), mistaken)
                deliver(month, Why.CORRECTION, {Extract.SIRH: self._files(month)[Extract.SIRH]}, truth)
            else:
                why = Why.HALF_SURVEY if month == self.half else Why.REGULAR
                deliver(month, why, self._files(month), truth)
            if month == self.wrong:
                deliver(month, Why.WRONG, self._strangers(), truth)
            if month == self.late + 1:
                deliver(self.late, Why.LATE, self._files(self.late), self._truth(month))
        return Life(tuple(deliveries), tuple(map(self._truth, range(MONTHS + 1))), tuple(after))

    def _truth(self, month: int, missing: Iterable[int] = (), mistakes: Mapping[int, str] | None = None) -> Truth:
        seen = [person for person in self.people if person.joined <= month]
        # By the file, someone who leaves in the month has left at its end.
        present = [person for person in seen if person.is_employed(month)]
        left = {person.number for person in seen if person.has_left_with_a_word(month, missing)}
        gone = {person.number for person in seen} - {person.number for person in present}
        return Truth(
            as_of=month_end(month),
            present=frozenset(person.number for person in present),
            left=frozenset(left),
            absent=frozenset(gone - left),
            not_scored=frozenset(person.number for person in present if not self._is_scored(person, month, missing)),
            departments={person.number: person.department_at(month) for person in present}
            | {person.number: name for person in present if (name := (mistakes or {}).get(person.number))},
            pay={person.number: person.pay_at(month) for person in present},
        )

    def _is_scored(self, person: _Person, month: int, missing: Iterable[int]) -> bool:
        months = [number for number in range(month + 1) if number not in missing]
        return any(map(person.has_evaluation, months)) and any(self._has_survey(person, number) for number in months)

    def _has_survey(self, person: _Person, month: int) -> bool:
        return person.is_in_files(month) and not (month == self.half and person.number in self.left_out)

    # Files

    def _files(self, month: int, mistakes: Mapping[int, str] | None = None) -> dict[Extract, bytes]:
        listed = [person for person in self.people if person.is_in_files(month)]
        evaluated = [person for person in listed if person.has_evaluation(month)]
        asked = [person for person in listed if self._has_survey(person, month)]
        known = [
            person
            for person in self.people
            if person.is_employed(month) or (person.leaving is Leaving.DIRECTORY and person.leaves <= month)
        ]
        return {
            Extract.SIRH: table([_sirh(person, month, mistakes or {}) for person in listed]),
            Extract.EVAL: table([_evaluation(person) for person in evaluated]),
            Extract.SONDAGE: table([_survey(person, month) for person in asked]),
            Extract.ANNUAIRE: table([_entry(person, month) for person in known]),
        }

    def _strangers(self) -> dict[Extract, bytes]:
        numbers = range(STRANGERS, STRANGERS + len(self.people))
        return {extract: table(rows_of(extract, numbers)) for extract in (Extract.SIRH, Extract.EVAL, Extract.SONDAGE)}


def _years(month: int, since: int) -> str:
    return str((month - since) // 12)


def _sirh(person: _Person, month: int, mistakes: Mapping[int, str]) -> dict[str, str]:
    [row] = rows_of(Extract.SIRH, [person.number])
    seniority = _years(month, person.since(month))
    return row | {
        "age": _years(month, person.born),
        "revenu_mensuel": str(person.pay_at(month)),
        "departement": mistakes.get(person.number, person.department_at(month)),
        "annee_experience_totale": seniority,
        "annees_dans_l_entreprise": seniority,
        "annees_dans_le_poste_actuel": seniority,
    }


def _evaluation(person: _Person) -> dict[str, str]:
    [row] = rows_of(Extract.EVAL, [person.number])
    return row | {"satisfaction_employee_equipe": str(1 + person.number % 4)}


def _survey(person: _Person, month: int) -> dict[str, str]:
    [row] = rows_of(Extract.SONDAGE, [person.number])
    has_left = month == person.leaves and person.leaving is Leaving.FLAG
    return row | {
        "a_quitte_l_entreprise": "Oui" if has_left else "Non",
        "annees_depuis_la_derniere_promotion": _years(month, person.since(month)),
        "annes_sous_responsable_actuel": _years(month, person.since(month)),
    }


def _entry(person: _Person, month: int) -> dict[str, str]:
    has_left = not person.is_employed(month)
    return {
        "id_employee": str(person.number),
        "nom": f"Nom{person.number}",
        "prenom": f"Prénom{person.number}",
        "responsable": "" if person.number == TOP else str(TOP),
        "site": "Lyon",
        "date_entree": month_end(person.since(month)).replace(day=1).isoformat(),
        "date_sortie": month_end(person.leaves).replace(day=15).isoformat() if has_left else "",
        "motif_sortie": "Démission" if has_left else "",
    }
