SELECT {now}, {job_columns} FROM {schema}.jobs
WHERE due_at <= {now} AND status = 'scheduled'
ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
