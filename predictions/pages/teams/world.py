"""What the teams' page is made from, as the account may see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from employees import journal
from employees.access import Readable, Scope, figures_of, reads_rounded, scope_of
from predictions.formats import grouped
from predictions.models import ScoringRun
from predictions.pages.teams.segment import Asked, TeamsForm, names_of, restored
from predictions.segments import cube as cubes
from predictions.segments.cube import TEAM, Conditions, Cube, Sums, Value
from predictions.segments.models import SavedSegment
from predictions.segments.turnover import Moves, Turnover, moves
from predictions.selectors import runs
from technova.web.requests import Request

TEAMS = 30  # shown at most, those with the highest share first; the file has all


@dataclass(frozen=True, slots=True)
class World:
    """What every part of the page is made from."""

    run: ScoringRun
    scope: Scope
    readable: Readable
    has_list: bool  # the account may read the list of people; an auditor may not
    cube: Cube
    asked: Asked
    teams: Mapping[int, Sums]
    names: Mapping[Value, str]  # of managers
    moves: Moves | None

    def sums(self, conditions: Conditions) -> Sums | None:
        """The sums of a segment; None if they are not shown, or if its manager is out of the scope."""
        if TEAM in conditions:
            return self.teams.get(int(conditions[TEAM])) if conditions[TEAM] in self.names else None
        return self.cube.of(conditions)

    def people(self, conditions: Conditions) -> int:
        """Exactly how many people a segment has that is shown, for the average of one."""
        return self.teams[int(conditions[TEAM])].people if TEAM in conditions else self.cube.exact(conditions).people

    def expected(self, sums: Sums) -> str:
        """Expected departures in digits."""
        return grouped(sums.expected, 0 if sums.is_rounded else 1)

    def turnover(self, conditions: Conditions) -> Turnover | None:
        sums = self.sums(conditions)
        if self.moves is None or sums is None or not self.moves.months:
            return None
        return self.moves.turnover(sums.people, conditions)


def read(request: Request) -> dict[str, Any] | tuple[TeamsForm, World, list[SavedSegment]]:
    """What the address asks for; the context of a page that shows nothing where that is impossible."""
    has_list = not scope_of(request.user).is_empty
    scope, readable = figures_of(request.user)
    run, _before = runs.latest_two()
    cube = cubes.cube_of(run, scope, readable, is_rounded=reads_rounded(request.user)) if run else None
    if run is None or cube is None:
        return {"run": run}
    saved = list(SavedSegment.objects.filter(user=request.user))
    has_teams = has_list and readable.reads(frozenset({TEAM}))
    form = TeamsForm(request.GET, cube, saved, has_teams=has_teams, has_list=has_list)
    if not form.is_valid():
        return {"run": run, "form": form, "cube": cube}
    asked = form.asked()
    attributes = [*cube.attributes, *([TEAM] if has_teams else [])]
    of_saved = [conditions for one in asked.compared if (conditions := restored(one, attributes)) is not None]
    wanted = {name for conditions in (asked.conditions, *of_saved) for name in conditions}
    by_team = cubes.teams_of(run, scope) if has_teams and (asked.row == TEAM or TEAM in wanted) else {}
    by_team = {manager: cube.shown(sums) for manager, sums in by_team.items()}
    names = names_of(listed_teams(by_team) | _teams_in(asked.conditions, *of_saved), scope, readable) if by_team else {}
    wanted |= {asked.row} - {TEAM}
    return form, World(run, scope, readable, has_list, cube, asked, by_team, names, moves(scope, sorted(wanted))), saved


def record(request: Request, world: World) -> None:
    """Into the journal of reads. A team goes by the name of its manager, of whom nothing else is shown."""
    journal.record(journal.What.FIGURES, user=request.user, people=len(world.names))


def listed_teams(teams: Mapping[int, Sums]) -> set[Value]:
    return set(sorted(teams, key=lambda manager: -teams[manager].mean)[:TEAMS])


def _teams_in(*segments: Conditions) -> set[Value]:
    return {conditions[TEAM] for conditions in segments if TEAM in conditions}
