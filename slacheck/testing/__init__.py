"""Waveform builders with known truth, for tests here and elsewhere."""
