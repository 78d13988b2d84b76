"""Packs side by side: as text, as a page, as a table and as data."""
