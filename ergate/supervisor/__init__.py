"""The parent process, and what it does when a worker dies."""
