"""The REST API: the contract of the reference, behind keys, for any client that a network can send."""
