WITH new AS MATERIALIZED (
    SELECT * FROM json_populate_recordset(NULL::{schema}.jobs, %(jobs)s::json) WITH ORDINALITY
), moment AS MATERIALIZED (
    SELECT {now} AS at, nextval('{schema}.turns') * 65536 AS first
), stored AS (
    INSERT INTO {schema}.jobs ({job_columns}, ready_n)
    SELECT {job_columns}, first + ordinality FROM new, moment ORDER BY {order}
    {conflict}
    RETURNING id, revision, status, seq, step_name, attempt, created_at, queue, priority, alone, ready_n,
        workflow_name
), told AS (
    INSERT INTO {schema}.history (job_id, revision, event, status, seq, step_name, attempt, at)
    SELECT id, revision, 'submitted', status, seq, step_name, attempt, created_at FROM stored
), fed AS (
    INSERT INTO {schema}.feed_rows (feed, workflow_name, job_id, revision, event, status, seq,
                                    step_name, attempt, at)
    SELECT feeds.n, workflow_name, id, revision, 'submitted', status, seq, step_name, attempt,
           created_at
    FROM {schema}.feeds CROSS JOIN stored ORDER BY ready_n
), made_ready AS (
    INSERT INTO {schema}.ready (queue, priority, n, job_id, revision, alone, ready_at)
    SELECT queue, priority, ready_n, id, revision, alone, at FROM stored, moment
    WHERE status = 'queued' ORDER BY ready_n
)
SELECT id, revision, queue FROM stored WHERE status = 'queued' ORDER BY ready_n
