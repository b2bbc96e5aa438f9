WITH gone AS MATERIALIZED (
    SELECT id FROM {schema}.jobs AS job WHERE finished_at IS NOT NULL AND {filter}
    ORDER BY finished_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), forgotten AS (
    DELETE FROM {schema}.history USING gone WHERE history.job_id = gone.id
), deleted AS (
    DELETE FROM {schema}.jobs USING gone WHERE jobs.id = gone.id
)
SELECT count(*) FROM gone
