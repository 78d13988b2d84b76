"""Physics and statistics: arrays in, numbers out; and the same as streaming meters."""
