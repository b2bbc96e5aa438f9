-- Only the job's row is locked, and never waited for; whoever changes a job and its ready row locks
-- the job first. So a claim cannot be part of a deadlock.
WITH claimer AS MATERIALIZED (
    -- Whoever recovers a dead worker's jobs waits for its last claim, which may still be under way.
    SELECT pg_advisory_xact_lock_shared({claimers}, hashtext(%(worker_id)s))
), seen AS MATERIALIZED (
    SELECT waiting.* FROM claimer, unnest(%(queues)s::text[]) AS wanted (name) CROSS JOIN LATERAL (
        SELECT job.id, ready.queue, ready.priority, ready.n, ready.alone
        FROM {schema}.ready
        JOIN {schema}.jobs AS job
          ON job.id = ready.job_id AND job.revision = ready.revision AND job.status = 'queued'
        WHERE ready.queue = wanted.name
        ORDER BY ready.priority DESC, ready.n LIMIT %(limit)s
        FOR UPDATE OF job SKIP LOCKED
    ) AS waiting
    ORDER BY waiting.priority DESC, waiting.n LIMIT %(limit)s
), numbered AS (
    SELECT *, row_number() OVER (ORDER BY priority DESC, n) AS i FROM seen
), chosen AS MATERIALIZED (
    -- All before the first that must run alone; or that one, when it is the first of all.
    SELECT * FROM numbered
    WHERE i < (SELECT CASE WHEN bool_or(alone) THEN greatest(min(i) FILTER (WHERE alone), 2)
                           ELSE count(*) + 1 END FROM numbered)
), taken_off AS (
    DELETE FROM {schema}.ready USING chosen
    WHERE ready.queue = chosen.queue AND ready.priority = chosen.priority
      AND ready.n = chosen.n AND ready.job_id = chosen.id
), claimed AS (
    UPDATE {schema}.jobs AS job
    SET status = 'running', revision = job.revision + 1, deliveries = job.deliveries + 1,
        worker_id = %(worker_id)s, claimed_at = {now}
    FROM chosen WHERE job.id = chosen.id
    RETURNING chosen.i, {job_columns_of_job}
), noted AS (
    INSERT INTO {schema}.held (worker_id, job_id) SELECT worker_id, id FROM claimed
)
SELECT * FROM claimed
