"""The teams: who is expected to leave where, who left, and what sets a segment apart from the rest."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from predictions.pages.left_out import own_job
from predictions.pages.teams import segment as segments
from predictions.pages.teams.comparison import cards, compared_of, figure_labels
from predictions.pages.teams.heat_map import heat, teams_table
from predictions.pages.teams.segment import TeamsForm, restored, title_of, value_label
from predictions.pages.teams.turnover_charts import beside, months_chart
from predictions.pages.teams.world import World, read, record
from predictions.segments.cube import TEAM
from predictions.segments.models import SavedSegment
from technova.web.requests import Request

MOST_SAVED = 20


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved segment with the addresses that show it, compare it or stop that, and delete it."""

    segment: SavedSegment
    href: str
    compare_href: str  # empty where no more can be compared
    delete_address: str
    is_compared: bool


@require_safe
def teams(request: Request) -> HttpResponse:
    """Open to auditors, to whom it shows neither teams nor who is over the threshold."""
    found = read(request)
    if isinstance(found, dict):
        return render(request, "teams/teams.html", found)
    record(request, found[1])
    return render(request, "teams/teams.html", _context(*found))


def _context(form: TeamsForm, world: World, saved: list[SavedSegment]) -> dict[str, Any]:
    asked = world.asked
    sums = world.sums(asked.conditions)
    turnover = world.turnover(asked.conditions)
    has_people = bool(sums and sums.people)
    compared = compared_of(world) if has_people else []
    return {
        "run": world.run,
        "form": form,
        "cube": world.cube,
        "asked": asked,
        "is_rounded": world.cube.is_rounded,
        "own_job": own_job(world.scope),
        "is_outdated": world.run.is_outdated,
        "chips": _chips(world),
        "heat": teams_table(world) if asked.row == TEAM else heat(world),
        "title": title_of(asked.conditions, world.names),
        "sums": sums,
        "has_people": has_people,
        "compared": compared,
        "cards": cards(figure_labels(world), compared[0].figures) if compared else [],
        "has_drivers": any(each.drivers for each in compared),
        "figure_labels": figure_labels(world),
        "months": months_chart(world, turnover) if turnover else None,
        "beside": beside(world),
        "saved": [_saved(world, one) for one in saved],
        "may_save": bool(asked.conditions) and has_people and len(saved) < MOST_SAVED,
        "save_address": asked.address(name="teams_save"),
        "export": asked.address(name="teams_csv", table="map"),
        "export_months": asked.address(name="teams_csv", table="months"),
    }


def _saved(world: World, saved: SavedSegment) -> Saved:
    asked, conditions = world.asked, restored(saved, segments.LABELS) or {}
    kept = [str(one.pk) for one in asked.compared if one.pk != saved.pk]
    is_compared = len(kept) < len(asked.compared)
    others = kept if is_compared else [*kept, str(saved.pk)]
    return Saved(
        saved,
        asked.address(conditions),
        asked.address(compare=others) if len(others) <= segments.COMPARED else "",
        f"{reverse('teams_delete', args=[saved.pk])}?{asked.address().partition('?')[2]}",
        is_compared,
    )


def _chips(world: World) -> list[tuple[str, str]]:
    """The conditions, and the address without each."""
    conditions = world.asked.conditions
    return [
        (
            _("%(label)s: %(value)s")
            % {"label": segments.LABELS[name], "value": value_label(name, value, world.names)},
            world.asked.address({other: kept for other, kept in conditions.items() if other != name}),
        )
        for name, value in conditions.items()
    ]


@require_POST
def save(request: Request) -> HttpResponse:
    """Save the segment of the address under a name; the same name again replaces it."""
    found = read(request)
    name = request.POST.get("name", "").strip()[: SavedSegment._meta.get_field("name").max_length]
    if isinstance(found, dict) or not name or not found[1].asked.conditions:
        messages.error(request, _("Nothing was saved: choose a segment, and give it a name."))
    elif not any(one.name == name for one in found[2]) and len(found[2]) >= MOST_SAVED:
        text = _("Nothing was saved: an account keeps %(most)s segments; delete one.")
        messages.error(request, text % {"most": MOST_SAVED})
    else:
        conditions = segments.stored(found[1].asked.conditions)
        SavedSegment.objects.update_or_create(user=request.user, name=name, defaults={"conditions": conditions})
        messages.success(request, _("Saved: “%(name)s”. It can be compared with others.") % {"name": name})
    return redirect(f"{reverse('teams')}?{request.GET.urlencode()}")


@require_POST
def delete(request: Request, pk: int) -> HttpResponse:
    saved = get_object_or_404(SavedSegment, user=request.user, pk=pk)
    saved.delete()
    messages.success(request, _("Deleted: “%(name)s”.") % {"name": saved.name})
    query = request.GET.copy()
    query.setlist("compare", [key for key in query.getlist("compare") if key != str(pk)])
    return redirect(f"{reverse('teams')}?{query.urlencode()}")
