"""Files: who may open them, whether the disk is full, spreadsheets."""
