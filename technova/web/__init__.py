"""HTTP: routes, the client's address, errors in JSON, the limit on uploads."""
