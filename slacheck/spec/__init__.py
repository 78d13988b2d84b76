"""The spec language: a YAML document to a `Spec`, its schema, its sentences."""
