-- Times are seconds since 1970-01-01 UTC. Payloads are JSON as text: jsonb refuses \u0000 and rewrites numbers.
-- Names are compared byte by byte (collation "C"): that is quicker, and means the same everywhere.

-- Who is ready first is claimed first: each act that makes jobs ready takes one number for all of them.
CREATE SEQUENCE {schema}.turns;

CREATE TABLE {schema}.jobs (
    n                    bigint GENERATED ALWAYS AS IDENTITY,
    id                   text COLLATE "C" PRIMARY KEY,
    workflow_name        text COLLATE "C" NOT NULL,
    queue                text COLLATE "C" NOT NULL,
    home_queue           text COLLATE "C" NOT NULL,
    priority             bigint NOT NULL,
    status               text COLLATE "C" NOT NULL CHECK (status IN (
                             'pending', 'scheduled', 'queued', 'running',
                             'completed', 'failed', 'aborted', 'cancelled')),
    revision             bigint NOT NULL,
    seq                  bigint NOT NULL,
    current_step         bigint NOT NULL,
    step_name            text COLLATE "C",
    fingerprint          text COLLATE "C",
    attempt              bigint NOT NULL,
    deliveries           bigint NOT NULL,
    alone                boolean NOT NULL,
    unroutable           bigint NOT NULL,
    worker_id            text COLLATE "C",
    claimed_at           double precision,
    cancel_requested     boolean NOT NULL,
    due_at               double precision,
    steps_completed      bigint NOT NULL,
    percent_completed    double precision NOT NULL,
    initial_input_value  text NOT NULL,
    last_return_value    text NOT NULL,
    user_context         text NOT NULL,
    extra                text NOT NULL,
    error                text,
    requested_start_time double precision,
    created_at           double precision NOT NULL,
    updated_at           double precision NOT NULL,
    finished_at          double precision,
    ready_n              bigint,  -- while it is queued: leads to its row in "ready"
    ended_as             text COLLATE "C" GENERATED ALWAYS AS
                             (CASE WHEN finished_at IS NOT NULL THEN status END) STORED
) WITH (
    -- A claim and a settlement change no indexed column, so they stay on their page while it has room.
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02,
    autovacuum_vacuum_cost_limit = 2000,
    autovacuum_vacuum_cost_delay = 1
);
-- No index may name status, worker_id or any other column that a claim changes; "ended_as" changes once.
CREATE INDEX jobs_newest ON {schema}.jobs (n);
CREATE INDEX jobs_due ON {schema}.jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_finished ON {schema}.jobs (ended_as, finished_at) WHERE finished_at IS NOT NULL;

-- One row for each queued job, and no other: the queue of a native broker, the outbox of a relayed one.
CREATE TABLE {schema}.ready (
    queue        text COLLATE "C" NOT NULL,
    priority     bigint NOT NULL,
    n            bigint NOT NULL,
    job_id       text COLLATE "C" NOT NULL,
    revision     bigint NOT NULL,
    alone        boolean NOT NULL,
    ready_at     double precision NOT NULL,
    published_at double precision
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX ready_order ON {schema}.ready (queue, priority DESC, n);

-- One row for each running job: what a worker holds. Without it an index on jobs.worker_id would be
-- needed, and every claim would have to write to every index of the wide table.
CREATE TABLE {schema}.held (
    worker_id text COLLATE "C" NOT NULL,
    job_id    text COLLATE "C" NOT NULL,
    PRIMARY KEY (worker_id, job_id)
) WITH (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);

-- Append-only. The two keys refuse a second application of the same step, whatever the code does.
CREATE TABLE {schema}.history (
    job_id     text COLLATE "C" NOT NULL,
    revision   bigint NOT NULL,
    event      text COLLATE "C" NOT NULL,
    status     text COLLATE "C" NOT NULL,
    seq        bigint NOT NULL,
    step_name  text COLLATE "C",
    next_step  text COLLATE "C",
    attempt    bigint NOT NULL,
    worker_id  text COLLATE "C",
    claimed_at double precision,
    at         double precision NOT NULL,
    result     text,
    detail     text,
    PRIMARY KEY (job_id, revision)
) WITH (
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_insert_scale_factor = 0.1,
    autovacuum_vacuum_cost_limit = 2000,
    autovacuum_vacuum_cost_delay = 1
);
CREATE UNIQUE INDEX history_applied ON {schema}.history (job_id, seq) WHERE event = 'applied';

-- Heartbeats: narrow rows with room beside them, so that a beat stays on its page.
CREATE TABLE {schema}.workers (
    worker_id   text COLLATE "C" PRIMARY KEY,
    host        text NOT NULL,
    pid         bigint NOT NULL,
    started_at  double precision NOT NULL,
    queues      text NOT NULL,
    concurrency bigint NOT NULL,
    expires_at  double precision NOT NULL
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);

CREATE TABLE {schema}.dead_letters (
    n      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id     text COLLATE "C" NOT NULL UNIQUE,
    queue  text COLLATE "C" NOT NULL,
    body   bytea NOT NULL,
    reason text NOT NULL,
    at     double precision NOT NULL
);

-- The external queue, for jobs whose state is kept elsewhere.
CREATE TABLE {schema}.messages (
    n          bigint GENERATED ALWAYS AS IDENTITY,
    queue      text COLLATE "C" NOT NULL,
    body       bytea NOT NULL,
    held_until double precision NOT NULL DEFAULT 0,
    holder     text COLLATE "C"
) WITH (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 10000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE UNIQUE INDEX messages_order ON {schema}.messages (queue, n);
