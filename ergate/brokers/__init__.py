"""Queue and state store tied together."""
