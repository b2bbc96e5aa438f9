-- Version 5. What lists and counts ask about, apart from the wide rows of jobs: one index for jobs
-- that have ended, which writes a row once, and one for those that have not. The latter names
-- nothing that a claim or a step changes: a row is written when a job comes and taken off at its end.

CREATE INDEX jobs_past ON jobs (status, n, workflow_name, queue, created_at, finished_at)
    WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_live ON jobs (n, workflow_name, created_at) WHERE finished_at IS NULL;
