"""Facts about jobs: what they are, what can happen to them, and nothing that does I/O."""
