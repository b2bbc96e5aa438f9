-- Version 4. What ended when, as what, and how long it took, all in one index: charts and counts
-- read no job for it. A job has a row in it only once it has ended, so that it costs one write.

DROP INDEX jobs_finished;
CREATE INDEX jobs_ended ON jobs (finished_at, status, created_at, requested_start_time)
    WHERE finished_at IS NOT NULL;
