"""Files that take longer than a request: made by a task, and kept in the database for a day for whoever asked."""
