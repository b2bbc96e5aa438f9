"""Services that are called over HTTP, and workflows of them that are written as JSON."""
