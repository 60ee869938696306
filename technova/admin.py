"""What the admin pages of the apps share."""

from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.paginator import Paginator
from django.utils.functional import cached_property


class NamedDateTime(AdminSplitDateTime):
    """A date and a time, each input with its name: Django writes "Date:" and "Time:" beside them, bound to neither."""

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        labels = context["date_label"], context["time_label"]
        for part, label in zip(context["widget"]["subwidgets"], labels, strict=True):
            part["attrs"]["aria-label"] = label.rstrip(" :\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}")
        return context


class BoundedPaginator(Paginator):
    """Counts no further than ``COUNTED`` rows, so that on a table of millions the last page is not far either.

    What lies beyond is reached by searching, filtering or a date. A filter that fewer rows pass is still counted over
    the whole table, unless an index knows them, and the dates to browse by are read from all rows.
    """

    COUNTED = 100_000

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[: self.COUNTED].count()


class ReadOnly:
    """Rows that are looked at and never touched here, by superusers neither: on a page of their own or inline."""

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, admin.ModelAdmin):
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # one more look at every row for each choice
    list_per_page = 50
