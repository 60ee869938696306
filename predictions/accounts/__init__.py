"""Accounts: how people sign in, with which second factor, for how long, and who invites and closes them."""
