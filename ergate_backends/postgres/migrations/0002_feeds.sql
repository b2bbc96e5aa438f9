-- Feeds: who reads which. Every act that writes history looks here, so it is small and changes seldom.
CREATE TABLE {schema}.feeds (
    n          bigint GENERATED ALWAYS AS IDENTITY,
    name       text COLLATE "C" PRIMARY KEY,
    holder     text COLLATE "C" NOT NULL,
    held_until double precision NOT NULL
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

-- Copies of history rows that a feed has not passed: deleting a job takes nothing from it.
--
-- A number is taken before its transaction commits, so 7 can be there before 6 is. A reader that
-- remembered "I have read up to 7" would skip 6 for ever. So nobody remembers a number: a reader
-- deletes exactly the rows that it has passed, and 6 is simply the first row once it is there.
-- Rows of one job cannot overtake each other: whoever writes the next one has locked the job after
-- the last one committed, so it has a larger number and is never seen without the last.
CREATE TABLE {schema}.feed_rows (
    n             bigint GENERATED ALWAYS AS IDENTITY,
    feed          bigint NOT NULL,
    workflow_name text COLLATE "C" NOT NULL,
    job_id        text COLLATE "C" NOT NULL,
    revision      bigint NOT NULL,
    event         text COLLATE "C" NOT NULL,
    status        text COLLATE "C" NOT NULL,
    seq           bigint NOT NULL,
    step_name     text COLLATE "C",
    next_step     text COLLATE "C",
    attempt       bigint NOT NULL,
    worker_id     text COLLATE "C",
    claimed_at    double precision,
    at            double precision NOT NULL,
    result        text,
    detail        text
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX feed_rows_order ON {schema}.feed_rows (feed, n);
