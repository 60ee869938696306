"""Pages about people who are present, who have left, or whose presence is open."""
