"""E-mail to accounts that asked for it: a weekly digest and word of a delivery that waits; counts and links alone."""
