"""A supplier's document that binds captures to a spec's signals and tests."""
