"""The acts of the random stories: one subject per file."""
