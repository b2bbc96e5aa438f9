"""Jobs in Postgres, and an external queue of one table."""
