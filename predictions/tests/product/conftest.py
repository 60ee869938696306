"""The product as a whole: its processes, its files and its documentation."""

from technova.tests.conftest import manage

__all__ = ["manage"]
