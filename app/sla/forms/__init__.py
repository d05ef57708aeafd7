"""Forms of the promise's pages."""
