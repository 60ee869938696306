"""The model as files: its card, its versions, which one is current, and how one is loaded."""
