"""How backends are found: entry points, one hook, and a registry by name and URL scheme."""
