"""Parts that several documents state alike."""

from collections.abc import Iterator
from datetime import date

from django.conf import settings
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from employees import terms
from employees.disclosure import SMALLEST_GROUP
from predictions.formats import grouped
from predictions.pages.compliance.document import Section, Table, section
from predictions.pages.compliance.installation import Installation
from predictions.pages.model import fairness_findings
from predictions.retention.rules import RULES
from predictions.selectors.group_counts import newest_counted


def columns(facts: Installation) -> Table:
    """The data: every column that is stored here, why, who reads it and for how long it is kept."""
    return Table(
        [_("Column"), _("Why it is kept"), _("Read by"), _("How long")],
        [[entry.label, entry.why, entry.readers, entry.kept] for entry, is_stored in facts.columns() if is_stored],
    )


def readers(facts: Installation) -> Table:
    return Table([_("Role"), _("Sees"), _("Reads"), _("Open accounts")], facts.readers())


def systems(facts: Installation) -> Section:
    """The programs of the company that read here with an API key."""
    title, rows = _("Which systems have an API key"), facts.systems()
    if not rows:
        return section(title, _("No API key is in force."))
    told = _("A key that may read reads every column of the people named beside it.")
    return section(
        title, told, table=Table([capfirst(_("API key")), pgettext("what a role may do", "May"), _("Of whom")], rows)
    )


def kept() -> Table:
    """The table of retention."""
    rows = [[str(rule.what), rule.kept_since, str(rule.ground)] for rule in RULES]
    return Table([_("Data"), _("Kept"), _("Ground")], rows)


def minimised(facts: Installation) -> Iterator[str]:
    """What limits the data, as this installation is set."""
    used, left_out = facts.card["used"], facts.card["left_out"]
    yield _("The score uses %(number)s features: %(names)s.") % {
        "number": grouped(len(used)),
        "names": facts.labels(used),
    }
    if left_out:
        yield _(
            "It leaves out what the law protects, and what is made of it: %(names)s. These serve to check that the "
            "groups are treated alike."
        ) % {"names": facts.labels(left_out)}
    if off := facts.columns_off():
        yield _("Switched off here, so neither stored nor asked for: %(names)s.") % {"names": ", ".join(off)}
    else:
        yield _("No optional column is switched off here.")
    yield (
        _("Managers read the pay of the people whom they see: the setting grants it.")
        if settings.MANAGERS_SEE_PAY
        else _("Managers read no pay.")
    )
    yield (
        _("Managers read the survey answers of the people whom they see: the setting grants it.")
        if settings.MANAGERS_SEE_SURVEY_ANSWERS
        else _("Managers read nobody's survey answers.")
    )
    yield _("Figures of groups of fewer than %(number)s people are hidden, and what would reveal them.") % {
        "number": SMALLEST_GROUP
    }


def security() -> Iterator[str]:
    """The protection of the data by the program, as this installation is set."""
    yield _(
        "An account sees the people of the departments and of the team that it was given; without any, HR sees "
        "everyone and a manager nobody. Superusers see everyone, and an account without a role sees nobody."
    )
    if settings.SECURE_SSL_REDIRECT:
        yield _("Pages are served over HTTPS alone, and cookies are sent over nothing else.")
    else:
        yield _("HTTPS is not enforced by this installation: set HTTPS on a server for real people.")
    yield _("Wrong passwords are limited; sign-ins are recorded.")
    if roles := settings.SECOND_FACTOR_ROLES:
        yield _("A second factor is required of: %(roles)s.") % {"roles": ", ".join(roles)}
    else:
        yield _("No second factor is required by this installation: set SECOND_FACTOR_ROLES.")
    yield _("Every page, list, file and answer that shows people is recorded: who, when, whom or how many.")
    yield (
        _("A session says what it opens names for, and the journal keeps the answer.")
        if settings.PURPOSE_REQUIRED
        else _("Nobody is asked what names are opened for: PURPOSE_REQUIRED is off here.")
    )
    yield _("API keys are stored as hashes, have scopes and departments, and can be revoked at once.")
    yield (
        _("Notes of talks are encrypted with a key that is not in the database.")
        if settings.NOTES_KEYS
        else _("Notes of talks cannot be written: no key to encrypt them is set.")
    )
    yield _("Every score is logged with what it was made from, and the database refuses to change or delete it.")
    yield (
        _("A version of the model is put in use by two people.")
        if settings.TWO_PEOPLE_PROMOTE
        else _("One person can put a version of the model in use; the request, its author and reason are recorded.")
    )
    yield _("The server's own log holds no employee's number, value or score.")


def method(facts: Installation) -> str:
    if facts.card["horizon_months"] is None:
        return _(
            "It learned from one extract who has left, without dates: it says who resembles those who left, not when."
        )
    history = facts.card["history"]
    text = _(
        "The probability of leaving %(horizon)s is learned from who was present, what was known then, and who left."
    )
    if not history:
        return text % {"horizon": facts.horizon}
    return " ".join(
        [
            text % {"horizon": facts.horizon},
            _("It learned from %(people)s people between %(since)s and %(until)s, of whom %(left)s left.")
            % {
                "people": grouped(history["people"]),
                "since": date_format(date.fromisoformat(str(history["since"]))),
                "until": date_format(date.fromisoformat(str(history["until"]))),
                "left": grouped(history["left"]),
            },
        ]
    )


def fairness(facts: Installation) -> list[str]:
    off = terms.columns_off()
    is_counted = facts.run and facts.run.model_version == facts.model.version and facts.run.group_counts
    counted = facts.run if is_counted else newest_counted(facts.model.version)
    groups = (
        fairness_findings.today(counted, off, is_rounded=facts.is_rounded).groups
        if counted
        else fairness_findings.of_card(facts.card, facts.model.threshold, off)
    )
    found = fairness_findings.findings(groups, sees_rates=True)
    return [_("%(label)s: %(value)s") % {"label": each.attribute, "value": " ".join(each.paragraphs)} for each in found]


def changes(facts: Installation) -> list[str]:
    if not facts.promotions:
        return [_("The model in use is the first one.")]
    newest = facts.promotions[0]
    values = {
        "version": newest.version,
        "day": date_format(localtime(newest.promoted_at)),
        "before": newest.before or _("none"),
        "reason": newest.reason,
    }
    return [
        _("Version %(version)s has been in use since %(day)s; before it: %(before)s. The reason given: “%(reason)s”.")
        % values
    ]


def oversight() -> list[str]:
    return [
        _("A score is advice: HR opens a case or does not, and can set a score aside with a reason that is kept."),
        _(
            "HR sets the threshold, on a dated record with author and reason, and goes back to an earlier "
            "version of the model."
        ),
        _("Each score shows its reasons, its interval, and what it does not know."),
    ]
