"""The report for the management: one object, shown on the screen and set as a PDF."""
