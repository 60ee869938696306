"""Imports in tests, whose task runs in the test itself."""

from employees.models import Import
from predictions import import_process


def run_import(*, upload: Import) -> None:
    """Do the work of an import's state, and read what became of it."""
    try:
        import_process.run_import(str(upload.pk))
    finally:
        upload.refresh_from_db()
