"""The workforce through time: who was there on which day, as it follows from the extracts in force and HR's answers."""
