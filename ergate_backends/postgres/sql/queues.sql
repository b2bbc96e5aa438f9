SELECT queue, sum(ready)::bigint, sum(scheduled)::bigint, sum(running)::bigint, min(oldest), min(due)
FROM (
    SELECT queue, count(*) AS ready, 0 AS scheduled, 0 AS running, min(ready_at) AS oldest,
           NULL::float8 AS due
    FROM {schema}.ready GROUP BY queue
    UNION ALL
    SELECT queue, 0, count(*), 0, NULL, min(due_at)
    FROM {schema}.jobs WHERE due_at IS NOT NULL AND status = 'scheduled' GROUP BY queue
    UNION ALL
    SELECT queue, 0, 0, count(*), NULL, NULL
    FROM {schema}.held JOIN {schema}.jobs ON jobs.id = held.job_id GROUP BY queue
) AS counted GROUP BY queue ORDER BY queue
