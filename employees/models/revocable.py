"""Rows that say something until they are revoked."""

from django.db import models


class RevocableQuerySet(models.QuerySet):
    def in_force(self):
        return self.filter(revoked_at=None)
