SELECT {now}, {job_columns} FROM {schema}.jobs
WHERE queue = %(queue)s AND status IN ('queued', 'scheduled') AND id IN (
    (SELECT job_id FROM {schema}.ready WHERE queue = %(queue)s LIMIT %(limit)s)
    UNION ALL
    (SELECT id FROM {schema}.jobs
     WHERE due_at IS NOT NULL AND queue = %(queue)s AND status = 'scheduled' LIMIT %(limit)s))
ORDER BY id FOR UPDATE
