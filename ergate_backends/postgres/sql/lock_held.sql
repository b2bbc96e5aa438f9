SELECT {now}, {job_columns_of_job} FROM {schema}.held
JOIN {schema}.jobs AS job ON job.id = held.job_id AND job.worker_id = held.worker_id
WHERE held.worker_id = %(worker_id)s
ORDER BY job.id FOR UPDATE OF job
