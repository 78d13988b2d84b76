"""The record as text, HTML and JUnit; each from the record alone."""
