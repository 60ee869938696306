"""Temporary outages: a message for people, and the seconds to wait for programs."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from predictions.ml.artifacts.store import ArtifactError
from technova.database.locks import Busy
from technova.database.trouble import Trouble, trouble_of
from technova.files import disk


@dataclass(frozen=True, slots=True)
class Outage:
    """The message, and the seconds until a retry."""

    said: Promise
    wait: int


_OF_DATABASE = {
    Trouble.FULL: Outage(
        _("The database has no room left on its disk: nothing can be recorded until the administrator makes room."), 300
    ),
    Trouble.BUSY: Outage(_("The database is locked by other work: try again in a few seconds."), 5),
    Trouble.READ_ONLY: Outage(
        _("The database takes no writes at the moment: try again in 30 seconds; if it lasts, tell the administrator."),
        30,
    ),
    Trouble.AWAY: Outage(
        _("The database does not answer at the moment: try again in 30 seconds; if it lasts, tell the administrator."),
        30,
    ),
}
OF_MODEL = Outage(
    _("The model cannot be used at the moment: try again in 30 seconds; if it lasts, tell the administrator."), 30
)

_OF_DISK = Outage(_(disk.FULL), 300)


def outage_by(trouble: Trouble) -> Outage:
    """The outage for a database's trouble."""
    return _OF_DATABASE[trouble]


def outage_of(error: BaseException | None) -> Outage | None:
    """The outage behind an error, if any: one that ends without a change of the code."""
    if isinstance(error, ArtifactError):
        return OF_MODEL
    if isinstance(error, Busy):
        return outage_by(Trouble.BUSY)
    if disk.is_full(error):
        return _OF_DISK
    trouble = trouble_of(error)
    return trouble and outage_by(trouble)
