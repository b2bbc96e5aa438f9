WITH claimer AS MATERIALIZED (
    -- Whoever recovers a dead worker's jobs waits for its last claim, which may still be under way.
    SELECT pg_advisory_xact_lock_shared({claimers}, hashtext(%(worker_id)s))
), wanted AS MATERIALIZED (
    SELECT ticket.* FROM claimer,
        json_to_recordset(%(tickets)s::json) AS ticket (i int, id text, revision bigint)
    ORDER BY ticket.id COLLATE "C"
), claimed AS (
    UPDATE {schema}.jobs AS job
    SET status = 'running', revision = job.revision + 1, deliveries = job.deliveries + 1,
        worker_id = %(worker_id)s, claimed_at = {now}
    FROM wanted
    WHERE job.id = wanted.id AND job.revision = wanted.revision AND job.status = 'queued'
    RETURNING wanted.i, {job_columns_of_job}, job.ready_n
), taken_off AS (
    DELETE FROM {schema}.ready USING claimed
    WHERE ready.queue = claimed.queue AND ready.priority = claimed.priority
      AND ready.n = claimed.ready_n AND ready.job_id = claimed.id
), noted AS (
    INSERT INTO {schema}.held (worker_id, job_id) SELECT worker_id, id FROM claimed
)
SELECT i, {job_columns} FROM claimed
