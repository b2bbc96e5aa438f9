SELECT job_id, revision, queue FROM {schema}.ready
WHERE published_at IS NULL AND ready_at <= {now} - %(older_than_s)s::float8
ORDER BY n LIMIT %(limit)s
