"""Pages about who is there, who has left, and who is neither."""
