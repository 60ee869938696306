"""Segments of the workforce: the people of a run by department, job, site, level and manager; coming and going."""
