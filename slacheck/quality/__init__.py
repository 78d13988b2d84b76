"""What a record can and cannot carry, as gates with reasons."""
