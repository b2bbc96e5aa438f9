"""What a person sees: log lines, the live display, tables. Only this room and the CLI draw."""
