WITH wanted AS MATERIALIZED (
    -- Nobody waits for the disk: a mark that a crash takes back costs a second ticket, which is stale.
    SELECT ticket.* FROM set_config('synchronous_commit', 'off', true),
        json_to_recordset(%(tickets)s::json) AS ticket (id text, revision bigint)
), found AS MATERIALIZED (
    -- A row that is locked is being claimed or changed; then its mark would come too late anyway.
    SELECT ready.ctid AS place FROM wanted
    -- No word about its status: a planner without statistics would take few to be queued and compare
    -- all jobs with all tickets. A ready row of that revision says the same.
    JOIN {schema}.jobs AS job ON job.id = wanted.id AND job.revision = wanted.revision
    JOIN {schema}.ready
      ON ready.queue = job.queue AND ready.priority = job.priority AND ready.n = job.ready_n
     AND ready.job_id = job.id AND ready.revision = wanted.revision
    FOR UPDATE OF ready SKIP LOCKED
)
UPDATE {schema}.ready SET published_at = {now} FROM found WHERE ready.ctid = found.place
