-- Jobs of another store, as they are when they arrive. One that is PENDING here at a lower revision
-- left from here and comes back; any other that is there stays. Replies with what was stored.
WITH new AS MATERIALIZED (
    SELECT * FROM json_populate_recordset(NULL::{schema}.jobs, %(jobs)s::json) WITH ORDINALITY
), moment AS MATERIALIZED (
    SELECT {now} AS at, nextval('{schema}.turns') * 65536 AS first
), stored AS (
    INSERT INTO {schema}.jobs AS here ({job_columns}, ready_n)
    SELECT {arriving_columns}, moment.first + new.ordinality FROM new, moment ORDER BY new.id
    ON CONFLICT (id) DO UPDATE SET ({job_columns}, ready_n) = ROW ({excluded_columns}, excluded.ready_n)
    WHERE here.status = 'pending' AND here.revision < excluded.revision
      AND here.created_at = excluded.created_at
    RETURNING id, revision, status, seq, step_name, attempt, updated_at, queue, priority, alone,
        ready_n, workflow_name
), told AS (
    INSERT INTO {schema}.history (job_id, revision, event, status, seq, step_name, attempt, at)
    SELECT id, revision, 'arrived', status, seq, step_name, attempt, updated_at FROM stored
), fed AS (
    INSERT INTO {schema}.feed_rows (feed, workflow_name, job_id, revision, event, status, seq,
                                    step_name, attempt, at)
    SELECT feeds.n, workflow_name, id, revision, 'arrived', status, seq, step_name, attempt,
           updated_at
    FROM {schema}.feeds CROSS JOIN stored ORDER BY ready_n
), made_ready AS (
    INSERT INTO {schema}.ready (queue, priority, n, job_id, revision, alone, ready_at)
    SELECT queue, priority, ready_n, id, revision, alone, updated_at FROM stored
    WHERE status = 'queued' ORDER BY ready_n
)
SELECT id, revision, queue, status = 'queued' FROM stored ORDER BY ready_n
