"""The API keys, and the counters that limit requests and wrong passwords."""
