"""The teams: segments of the workforce, their turnover and forecast."""
