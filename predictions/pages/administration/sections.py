"""The parts of the administration that an account may open, as tabs of each of its pages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from employees.access import may_administer, may_audit, may_decide
from predictions.pages.imports.import_page import may_import


@dataclass(frozen=True, slots=True)
class Section:
    """A part: the name of its address, its label, and who may open it."""

    name: str
    label: str | Promise
    may: Callable[[Any], bool]


SECTIONS = (
    Section("administration_accounts", _("Accounts"), may_administer),
    Section("administration_roles", _("Roles"), lambda user: may_administer(user) or may_audit(user)),
    Section("administration_keys", _("API keys"), may_administer),
    Section("administration_words", _("Words"), may_administer),
    Section("import_loads", _("Loads"), lambda user: may_import(user) or may_audit(user)),
    Section("schedule", _("Schedule"), may_decide),
    Section("journal", _("Access journal"), may_audit),
)


def tabs_of(user, current: str = "") -> Iterator[dict[str, object]]:
    """The tabs of an account; ``current`` is the name of the page's own."""
    for section in SECTIONS:
        if section.may(user):
            yield {"href": reverse(section.name), "label": section.label, "is_current": section.name == current}
