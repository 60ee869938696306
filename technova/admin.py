"""Shared classes of the apps' admin pages."""

from collections.abc import Iterator
from copy import copy
from datetime import date, datetime, time, timedelta

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.timezone import localtime, make_aware


class NamedDateTime(AdminSplitDateTime):
    """A date and a time, each input with its name: Django writes "Date:" and "Time:" beside them, bound to neither."""

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        labels = context["date_label"], context["time_label"]
        for part, label in zip(context["widget"]["subwidgets"], labels, strict=True):
            part["attrs"]["aria-label"] = label.rstrip(" :\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}")
        return context


class BoundedPaginator(Paginator):
    """Counts at most ``COUNTED`` rows, so that a table of millions has a last page within reach.

    Rows beyond are found by search, filter or date. A filter with fewer matches still counts the whole table, unless
    an index covers it.
    """

    COUNTED = 100_000
    object_list: QuerySet

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[: self.COUNTED].count()

    def _get_page(self, rows, *arguments):
        """Finds the keys of a page first: a late one would join all the rows before it."""
        return super()._get_page(self.object_list.filter(pk__in=rows.values("pk")), *arguments)


class DatesByIndex:
    """The rows of a list, for its date hierarchy, by steps along an index that begins with the date.

    Django reads the date of every row to find the years, months or days that hold some. A step looks for the next row
    after such a period: one query, and all of them together pass no row twice.
    """

    def __init__(self, rows: QuerySet, name: str):
        self.name = name
        self.dates = rows.order_by(name).values_list(name, flat=True)

    @cached_property
    def first(self) -> datetime | None:
        return self.dates.first()

    def aggregate(self, **_ends) -> dict[str, datetime | None]:
        return {"first": self.first, "last": self.first and self.dates.last()}

    def datetimes(self, _name: str, kind: str) -> Iterator[date]:
        """The first days of the periods that hold a row; ``kind`` is ``year``, ``month`` or ``day``."""
        instant = self.first
        while instant:
            day = localtime(instant).date()
            day = {"year": day.replace(month=1, day=1), "month": day.replace(day=1), "day": day}[kind]
            yield day
            longer = day + timedelta(days={"year": 366, "month": 31, "day": 1}[kind])
            following = {"year": longer.replace(month=1, day=1), "month": longer.replace(day=1), "day": longer}[kind]
            later = {f"{self.name}__gte": make_aware(datetime.combine(following, time.min))}
            instant = self.dates.filter(**later).first()


class ChangeListByIndex(ChangeList):
    @property
    def dates(self) -> ChangeList:
        """What the date hierarchy is to be made from."""
        changelist = copy(self)
        changelist.queryset = DatesByIndex(self.queryset, self.date_hierarchy)
        return changelist


class ReadOnly:
    """Read-only rows, for superusers too: on their own page or inline."""

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # PostgreSQL compares every row with every row for them, for minutes
    list_per_page = 50
