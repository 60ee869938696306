"""The administration in the product's look: accounts, and what else HR administers."""
