"""Recordings in: captures, channels, clocks, the sidecar, and one reader a format."""
