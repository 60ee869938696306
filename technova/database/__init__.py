"""Both databases: bulk writes, locks, prepared statements, keyset pagination, and what an error means."""
