"""The HR pages: one module a page, in packages by subject."""
