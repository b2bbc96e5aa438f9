-- Jobs that wait become PENDING. Only their rows are locked, and never waited for, as by a claim.
WITH moment AS MATERIALIZED (
    SELECT {now} AS at
), offered AS MATERIALIZED (
    SELECT job.id, ready.queue, ready.priority, ready.n
    FROM {schema}.ready
    JOIN {schema}.jobs AS job
      ON job.id = ready.job_id AND job.revision = ready.revision AND job.status = 'queued'
    ORDER BY ready.queue, ready.priority DESC, ready.n LIMIT %(limit)s
    FOR UPDATE OF job SKIP LOCKED
), later AS MATERIALIZED (
    SELECT id, due_at FROM {schema}.jobs WHERE due_at IS NOT NULL AND status = 'scheduled'
    ORDER BY due_at LIMIT greatest(%(limit)s::bigint - (SELECT count(*) FROM offered), 0)
    FOR UPDATE SKIP LOCKED
), chosen AS MATERIALIZED (
    SELECT id, 0 AS kind, row_number() OVER (ORDER BY queue, priority DESC, n) AS i FROM offered
    UNION ALL
    SELECT id, 1, row_number() OVER (ORDER BY due_at) FROM later
), taken_off AS (
    DELETE FROM {schema}.ready USING offered
    WHERE ready.queue = offered.queue AND ready.priority = offered.priority
      AND ready.n = offered.n AND ready.job_id = offered.id
), gone AS (
    UPDATE {schema}.jobs AS job
    SET status = 'pending', revision = job.revision + 1, updated_at = moment.at
    FROM chosen, moment WHERE job.id = chosen.id
    RETURNING chosen.kind, chosen.i, {job_columns_of_job}
), told AS (
    INSERT INTO {schema}.history (job_id, revision, event, status, seq, step_name, attempt, at, detail)
    SELECT id, revision, 'departed', status, seq, step_name, attempt, updated_at, %(destination)s
    FROM gone
), fed AS (
    INSERT INTO {schema}.feed_rows (feed, workflow_name, job_id, revision, event, status, seq,
                                    step_name, attempt, at, detail)
    SELECT feeds.n, workflow_name, id, revision, 'departed', status, seq, step_name, attempt,
           updated_at, %(destination)s
    FROM {schema}.feeds CROSS JOIN gone
)
SELECT * FROM gone
