"""How long each class of data is kept, on which ground, and the record of what was deleted by it."""
