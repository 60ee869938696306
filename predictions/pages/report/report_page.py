"""The report on the screen and as a PDF, from one object."""

from dataclasses import asdict
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from employees import journal
from employees.access import Readable, figures_of, reads_rounded
from predictions.pages.pdf import typeset
from predictions.pages.report.figures import COLUMN, ROW, Report, report
from predictions.pages.runs_compared import other_model
from predictions.segments.cube import cube_of
from predictions.segments.turnover import moves
from predictions.selectors import runs
from technova.web.requests import Request

SOURCE = Path(settings.BASE_DIR, "templates/report/report.typ")


def _report(request: Request) -> Report | None:
    """The report on what the account sees; None before the first run."""
    scope, readable = figures_of(request.user)
    run, _before = runs.latest_two()
    # What a report crosses is the work of everyone; a reader of less finds fewer reasons named in it.
    is_rounded = reads_rounded(request.user)
    cube = cube_of(run, scope, Readable.EVERYTHING, is_rounded=is_rounded) if run else None
    if run is None or cube is None:
        return None
    journal.record(journal.What.FIGURES, user=request.user, people=0)
    author = request.user.get_full_name() or request.user.get_username()
    other = other_model(run, request.user)
    return report(
        run=run,
        cube=cube,
        moves=moves(scope, [ROW]),
        scope=scope,
        readable=readable,
        author=author,
        language=get_language() or settings.LANGUAGE_CODE,
        warning=other.text if other else "",
    )


@require_safe
def show(request: Request) -> HttpResponse:
    return render(request, "report/report.html", {"report": _report(request), "column": COLUMN})


@require_safe
def pdf(request: Request) -> HttpResponse:
    found = _report(request)
    if found is None:
        return redirect("report")
    failed = _("The PDF could not be made. The page shows the same figures.")
    document = typeset(request, SOURCE, asdict(found), failed=failed)
    if document is None:
        return redirect("report")
    name = _("turnover-report")
    headers = {"Content-Disposition": f'attachment; filename="technova-{name}-{localdate():%Y-%m-%d}.pdf"'}
    return HttpResponse(document, content_type="application/pdf", headers=headers)
