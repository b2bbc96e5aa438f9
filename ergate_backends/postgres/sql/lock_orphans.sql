-- A missing lease and an ended one mean the same, so no job can hide behind a pruned worker row.
SELECT {now}, {job_columns_of_job} FROM {schema}.held
JOIN {schema}.jobs AS job ON job.id = held.job_id AND job.worker_id = held.worker_id
WHERE NOT EXISTS (SELECT FROM {schema}.workers
                  WHERE workers.worker_id = held.worker_id AND workers.expires_at > {now})
LIMIT %(limit)s FOR UPDATE OF job SKIP LOCKED
