"""Shared classes of the apps' admin pages."""

from typing import cast

from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property


class NamedDateTime(AdminSplitDateTime):
    """A date and a time, each input with its name: Django writes "Date:" and "Time:" beside them, bound to neither."""

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        labels = context["date_label"], context["time_label"]
        for part, label in zip(context["widget"]["subwidgets"], labels, strict=True):
            part["attrs"]["aria-label"] = label.rstrip(" :\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}")
        return context


class ReadOnly:
    """Read-only rows, for superusers too: on their own page or inline."""

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


class BoundedPaginator(Paginator):
    """The first rows alone: a page would count a year's log, and nobody turns to its hundred thousandth page."""

    LIMIT = 10_000

    @cached_property
    def count(self) -> int:
        return cast(QuerySet, self.object_list).order_by()[: self.LIMIT].count()


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # PostgreSQL compares every row with every row for them, for minutes
    list_per_page = 50
    paginator = BoundedPaginator
