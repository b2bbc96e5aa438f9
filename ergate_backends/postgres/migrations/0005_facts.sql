-- What lists and counts ask about, apart from the wide rows of jobs. Of these columns only the queue
-- can change before the end, when a step moves its job to another one.
DROP INDEX {schema}.jobs_newest;
CREATE INDEX jobs_facts ON {schema}.jobs (n)
    INCLUDE (workflow_name, queue, created_at, finished_at, ended_as);
