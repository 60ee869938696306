"""The table of retention: the one place that says how long each class of data is kept, and on which ground.

The daily deletion (``predictions.clearing``), its dry run, the compliance file, the dossier, the page of data and the
documentation read it.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from employees.access.sign_ins import RECORDS_KEPT
from employees.uploads import KEPT as FILES_KEPT
from predictions.events.services import KEPT as DELIVERIES_KEPT
from predictions.exports.services import KEPT as EXPORTS_KEPT
from predictions.mails.services import KEPT as MAILS_KEPT

Text = str | Promise
MINIMISED = _("GDPR, article 5(1)(c) and (e): no longer than needed")


@dataclass(frozen=True, slots=True)
class Rule:
    """A class of data. Kept for a number of months by a setting, for ``days``, or as ``otherwise`` says."""

    name: str
    what: Text
    holds: Text
    ground: Text
    counted: Text = ""  # from what
    setting: str = ""
    days: timedelta | None = None
    otherwise: Text = ""
    decides: Text = ""  # what the company has to decide

    @property
    def months(self) -> int:
        return getattr(settings, self.setting)

    @property
    def kept(self) -> str:
        """For how long, in the active language."""
        if self.days:
            days = self.days.days
            return gettext("one day") if days == 1 else gettext("%(days)s days") % {"days": days}
        return gettext("%(months)s months") % {"months": self.months} if self.setting else str(self.otherwise)

    @property
    def kept_since(self) -> str:
        """For how long, and counted from what."""
        return f"{self.kept}, {self.counted}" if self.counted else self.kept


RULES = (
    Rule(
        "employed",
        _("Data of people employed"),
        _("extracts as they were loaded, presence, features, cases and their changes, answers of HR, draws"),
        _("GDPR, articles 5(1)(b) and 6(1)(f); Code du travail, L1222-4: nothing that the employee was not told of"),
        otherwise=_("while the person is employed"),
        decides=_("how many years of extracts the forecast needs; withdraw older loads"),
    ),
    Rule(
        "left",
        _("People who have left"),
        _("all of the above, exit interviews, the name and the number"),
        _(
            "GDPR, article 17(3)(e): claims. Code du travail, L1471-1 (contract, two years), L3245-1 (pay, three "
            "years), L1134-5 (discrimination, five years)"
        ),
        counted=_("from the departure"),
        setting="LEFT_MONTHS",
        decides=_("whether claims need them that long: fewer months are lawful"),
    ),
    Rule(
        "predictions",
        _("Predictions in the log"),
        _("each score with its input, reasons, model and caller; without the person once they are erased"),
        _("AI Act, article 26(6): six months at least; GDPR, article 5(2): proof of what was decided"),
        counted=_("from the newest row of their block"),
        setting="PREDICTION_MONTHS",
        decides=_("how long decisions made with a score can be contested"),
    ),
    Rule(
        "journal",
        _("Access journal"),
        _("who looked at whom, when and what for"),
        _("GDPR, article 32; CNIL, deliberation 2021-122 on logging: six months to a year"),
        counted=_("from the newest entry of its block"),
        setting="JOURNAL_MONTHS",
        decides=_("a longer time needs a reason, such as a dispute"),
    ),
    Rule(
        "notes",
        _("Notes of talks"),
        _("what was said in talks and in exit interviews, encrypted"),
        MINIMISED,
        counted=_("from the day of the talk"),
        setting="NOTES_MONTHS",
        decides=_("until when a talk is followed up"),
    ),
    Rule(
        "files",
        _("Files uploaded"),
        _("extracts that nobody confirmed; the rejects of an import"),
        MINIMISED,
        counted=_("from the upload; loaded or refused files go at once"),
        days=FILES_KEPT,
    ),
    Rule(
        "exports",
        _("Exports of large lists"),
        _("files of over 10,000 people, for whoever asked"),
        MINIMISED,
        counted=_("from the request"),
        days=EXPORTS_KEPT,
    ),
    Rule(
        "sign_ins",
        _("Records of sign-ins"),
        _("account, address and time, of failed ones too"),
        _("GDPR, articles 6(1)(f) and 32: to notice that somebody guesses passwords"),
        counted=_("from the sign-in"),
        days=RECORDS_KEPT,
    ),
    Rule(
        "sessions",
        _("Sessions"),
        _("browser, address and times of who is signed in"),
        _("GDPR, article 32"),
        otherwise=_(
            "until they end, two hours after the last page or twelve after the sign-in; a day longer in the list"
        ),
    ),
    Rule(
        "mails",
        _("E-mails"),
        _("counts and links, no name and no score"),
        MINIMISED,
        counted=_("from the day they were written"),
        days=MAILS_KEPT,
    ),
    Rule(
        "webhooks",
        _("Deliveries of webhooks"),
        _("counts, no number of anybody"),
        MINIMISED,
        counted=_("from the event"),
        days=DELIVERIES_KEPT,
    ),
    Rule(
        "outputs",
        _("Outputs of imports"),
        _("what an import printed while it worked, on the server's disk"),
        MINIMISED,
        otherwise=_("until the import has ended"),
    ),
    Rule(
        "proof",
        _("Seals, purges and erasures"),
        _("digests; what was deleted, when, by whom and why; pseudonyms of erased people"),
        _("GDPR, article 5(2): accountability"),
        otherwise=_("for good"),
    ),
    Rule(
        "backups",
        _("Backups"),
        _("all of it, as it was"),
        _("GDPR, articles 5(1)(e) and 32"),
        otherwise=_("as the company decides: the program does not make them"),
        decides=_("a few weeks; erased people are erased again after a restore"),
    ),
)
BY_NAME = {rule.name: rule for rule in RULES}
