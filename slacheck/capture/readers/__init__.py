"""One reader a format; every one keeps the reader law of the design."""
