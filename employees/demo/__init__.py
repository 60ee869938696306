"""The demo: the published extracts, and twelve earlier months walked back from them. No Django here.

Nobody in it exists. The extracts are a public sample that was made up (``PROVENANCE.md``); the months before it, the
departures' dates and reasons, the names, the managers and the sites are drawn here from a fixed seed.

``calendar`` numbers the months, ``draws`` holds the seed, ``published`` the extracts as text, ``careers`` since when
each count of years runs, ``reporting`` who manages whom, ``past`` what else was different before, ``directory`` names,
sites and dates; ``history`` writes it all as the files that HR would have exported.
"""

from employees.demo.calendar import last_month_end
from employees.demo.history import Month, months

__all__ = ["Month", "last_month_end", "months"]
