"""Many results from one command: workers, a folder that can be resumed, one table of every check."""
