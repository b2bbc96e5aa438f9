WITH gone AS (
    DELETE FROM {schema}.jobs
    USING json_to_recordset(%(gone)s::json) AS departed (id text, revision bigint)
    WHERE jobs.id = departed.id AND jobs.revision = departed.revision AND jobs.status = 'pending'
    RETURNING jobs.id
), forgotten AS (
    DELETE FROM {schema}.history USING gone WHERE history.job_id = gone.id
)
SELECT count(*) FROM gone
