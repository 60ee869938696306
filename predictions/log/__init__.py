"""The prediction log: its rows, its write protection and its purge."""
