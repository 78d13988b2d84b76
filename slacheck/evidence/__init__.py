"""What is kept of a run, the pack it is kept in, and the check of that pack."""
