"""The running server: its log and its metrics, and what it imports only when it is used."""
