"""The table of roles in words: the page of the administration and the documentation are made from it."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from employees.access.roles import AUDITOR, DIRECTION, HR, MANAGER, ROLES, Role


@dataclass(frozen=True, slots=True)
class Described:
    """A role, in the active language."""

    group: str
    who: str
    sees: str
    reads: str
    may: str


def roles_in_words() -> list[Described]:
    who = {
        HR.group: _("human resources; with departments, those of a site or a branch"),
        MANAGER.group: _("who leads a team, or the people of some departments"),
        DIRECTION.group: _("the management"),
        AUDITOR.group: _("the works council, the data protection officer"),
    }
    rows = [
        Described(role.group, who[role.group], _sees(role), _reads(role), "; ".join(_may(role)))
        for role in ROLES.values()
    ]
    administrator = Described(
        _("superuser"),
        _("who installs TechNova and is there when nobody else is"),
        _("everyone"),
        _("every column"),
        _("all of the above; the accounts of staff, the administration of Django"),
    )
    return [*rows, administrator]


def _sees(role: Role) -> str:
    if role.reads_figures:
        return _("nobody; the figures of groups of five and more, of the whole company")
    given = _("the departments given and the team of the directory, without oneself")
    return _("everyone, or %(given)s") % {"given": given} if role.sees_everyone else given


def _reads(role: Role) -> str:
    if role.reads_everything:
        return _("every column")
    if not role.reads:
        return _("no column of anyone")
    granted = [
        _("%(matter)s, if %(setting)s is on") % {"matter": _(matter.label), "setting": matter.setting}
        if matter.setting
        else _(matter.label)
        for matter in role.reads
    ]
    return "; ".join(granted)


def _may(role: Role) -> Iterator[str]:
    if role.answers:
        yield _("say who has left or is present")
    if role.follows:
        yield _("open cases, note talks")
    if role.reads_figures:
        yield _("read the report, the model and its fairness")
    if role.audits:
        yield _("read the journals, the loads and what is kept")
    everyone = [
        *([_("set the threshold and the model's version")] if role.decides else []),
        *([_("administer accounts, API keys and the company's words")] if role.administers else []),
        *([_("import")] if "add_employee" in role.permissions else []),
    ]
    if everyone:
        yield _("while it sees everyone: %(acts)s") % {
            "acts": get_text_list(everyone, pgettext("the last of a list", "and"))
        }
