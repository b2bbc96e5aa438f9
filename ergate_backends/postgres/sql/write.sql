-- Any transitions, as the pure function decided them; the caller holds the locks on these jobs.
WITH new AS MATERIALIZED (
    SELECT * FROM json_populate_recordset(NULL::{schema}.jobs, %(jobs)s::json) WITH ORDINALITY
), moment AS MATERIALIZED (
    SELECT nextval('{schema}.turns') * 65536 AS first
), old AS MATERIALIZED (
    SELECT job.id, job.queue, job.priority, job.ready_n, job.worker_id, new.worker_id AS keeps
    FROM new JOIN {schema}.jobs AS job ON job.id = new.id
), taken_off AS (
    DELETE FROM {schema}.ready USING old
    WHERE ready.queue = old.queue AND ready.priority = old.priority
      AND ready.n = old.ready_n AND ready.job_id = old.id
), let_go AS (
    DELETE FROM {schema}.held USING old
    WHERE held.worker_id = old.worker_id AND held.job_id = old.id AND old.keeps IS NULL
), written AS (
    UPDATE {schema}.jobs AS job
    SET ({job_columns}, ready_n) = ROW ({job_columns_of_new}, moment.first + new.ordinality)
    FROM new, moment WHERE job.id = new.id
), rows AS MATERIALIZED (
    SELECT * FROM json_populate_recordset(NULL::{schema}.history, %(history)s::json)
), told AS (
    INSERT INTO {schema}.history ({history_columns}) SELECT {history_columns} FROM rows
), fed AS (
    INSERT INTO {schema}.feed_rows (feed, workflow_name, {history_columns})
    SELECT feeds.n, new.workflow_name, {history_columns_of_rows}
    FROM {schema}.feeds CROSS JOIN rows JOIN new ON new.id = rows.job_id
)
INSERT INTO {schema}.ready (queue, priority, n, job_id, revision, alone, ready_at)
SELECT queue, priority, first + ordinality, id, revision, alone, %(at)s::float8 FROM new, moment
WHERE status = 'queued'
