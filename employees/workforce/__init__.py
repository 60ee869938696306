"""The workforce through time: presence on each day, derived from the extracts in force and HR's answers."""
