"""One pass over each capture feeds every meter."""
