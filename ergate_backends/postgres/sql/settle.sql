-- Steps that returned. `old` is the job as the statement first saw it: the guard on the revision
-- makes sure that it is also the one that is changed.
WITH batch AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(batch)s::json) AS settlement (
        i int, id text, revision bigint, worker_id text, status text, result text, step bigint,
        step_name text, queue text, percent double precision, fingerprint text)
    ORDER BY id COLLATE "C"
), moment AS MATERIALIZED (
    SELECT {now} AS at, nextval('{schema}.turns') * 65536 AS first
), applied AS (
    UPDATE {schema}.jobs AS job
    SET status = batch.status, revision = job.revision + 1, seq = job.seq + 1,
        steps_completed = job.steps_completed + 1, attempt = 0, deliveries = 0, alone = false,
        unroutable = 0, error = NULL, worker_id = NULL, claimed_at = NULL,
        last_return_value = batch.result, updated_at = moment.at,
        percent_completed = greatest(job.percent_completed, batch.percent),
        current_step = coalesce(batch.step, job.current_step),
        queue = coalesce(batch.queue, job.queue),
        step_name = CASE batch.status WHEN 'queued' THEN batch.step_name ELSE job.step_name END,
        fingerprint = CASE batch.status WHEN 'queued' THEN batch.fingerprint ELSE job.fingerprint END,
        ready_n = CASE batch.status WHEN 'queued' THEN moment.first + batch.i END,
        finished_at = CASE batch.status WHEN 'completed' THEN moment.at END,
        due_at = CASE batch.status WHEN 'queued' THEN job.due_at END
    FROM batch JOIN {schema}.jobs AS old ON old.id = batch.id, moment
    WHERE job.id = batch.id AND job.revision = batch.revision AND old.revision = batch.revision
      AND job.worker_id = batch.worker_id AND job.status = 'running' AND NOT job.cancel_requested
    RETURNING batch.i, job.id, job.revision, job.status, job.queue, job.priority, job.ready_n,
        moment.at, old.seq, old.step_name, batch.step_name AS next_step, old.attempt,
        batch.worker_id, old.claimed_at, batch.result, job.workflow_name
), told AS (
    INSERT INTO {schema}.history (job_id, revision, event, status, seq, step_name, next_step,
                                  attempt, worker_id, claimed_at, at, result)
    SELECT id, revision, 'applied', status, seq, step_name, next_step, attempt, worker_id,
           claimed_at, at, result
    FROM applied
), fed AS (
    INSERT INTO {schema}.feed_rows (feed, workflow_name, job_id, revision, event, status, seq,
                                    step_name, next_step, attempt, worker_id, claimed_at, at, result)
    SELECT feeds.n, workflow_name, id, revision, 'applied', status, seq, step_name, next_step,
           attempt, worker_id, claimed_at, at, result
    FROM {schema}.feeds CROSS JOIN applied
), let_go AS (
    DELETE FROM {schema}.held USING applied
    WHERE held.worker_id = applied.worker_id AND held.job_id = applied.id
), made_ready AS (
    INSERT INTO {schema}.ready (queue, priority, n, job_id, revision, alone, ready_at)
    SELECT queue, priority, ready_n, id, revision, false, at FROM applied WHERE status = 'queued'
)
SELECT i FROM applied
