"""The REST API: the reference's contract, behind keys."""
