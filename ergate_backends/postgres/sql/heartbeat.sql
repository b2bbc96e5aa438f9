WITH beats AS MATERIALIZED (
    SELECT * FROM json_populate_recordset(NULL::{schema}.workers, %(workers)s::json)
    ORDER BY worker_id
), moment AS MATERIALIZED (
    SELECT {now} AS at
), alive AS MATERIALIZED (
    SELECT worker_id FROM {schema}.workers, moment
    WHERE worker_id IN (SELECT worker_id FROM beats) AND expires_at > at
), renewed AS (
    INSERT INTO {schema}.workers
           (worker_id, host, pid, started_at, queues, concurrency, expires_at)
    SELECT worker_id, host, pid, started_at, queues, concurrency, at + %(lease_s)s::float8
    FROM beats, moment
    ON CONFLICT (worker_id) DO UPDATE SET expires_at = excluded.expires_at
)
SELECT worker_id FROM beats WHERE worker_id NOT IN (SELECT worker_id FROM alive)
