DELETE FROM {schema}.workers WHERE worker_id IN (
    SELECT worker_id FROM {schema}.workers WHERE expires_at <= {now} FOR UPDATE SKIP LOCKED)
