"""Pages about people: the risk list and its exports, a person, someone imagined, and the history of scores."""
