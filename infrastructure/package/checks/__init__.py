"""One rule a file; each takes the package and yields its findings."""
