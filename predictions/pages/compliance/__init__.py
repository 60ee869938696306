"""The compliance file: documents made from this installation's facts, shown on the screen and set as PDF."""
