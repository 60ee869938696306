"""What the admin pages of the apps share."""

from django.contrib import admin
from django.core.paginator import Paginator
from django.utils.functional import cached_property


class BoundedPaginator(Paginator):
    """Counts no further than ``COUNTED`` rows: on a table of millions a page comes as fast as on a small one.

    What lies beyond is reached by searching, filtering or a date.
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
    list_per_page = 50
