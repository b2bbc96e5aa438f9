"""Jobs in a Redis or Valkey server, and tickets in its streams."""
