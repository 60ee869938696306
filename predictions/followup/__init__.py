"""Cases: what HR and managers do about a risk, from the first talk to the outcome."""
