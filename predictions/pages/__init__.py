"""The HR pages: one module a page, each with its views; selectors read, services write."""
