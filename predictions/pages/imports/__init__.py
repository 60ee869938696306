"""Pages about imports: the upload, its questions and lists, and the loads in force and withdrawn."""
