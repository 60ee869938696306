"""The HR pages: one module a page, each with its views, and a room each for those about people and the model."""
