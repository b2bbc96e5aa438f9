-- What ended when, as what, and how long it took, all in one index: charts read no job for it.
-- None of these columns changes before the end, so that claims and settlements stay on their page.
DROP INDEX {schema}.jobs_finished;
CREATE INDEX jobs_ended ON {schema}.jobs (ended_as, finished_at)
    INCLUDE (created_at, requested_start_time, n) WHERE finished_at IS NOT NULL;
