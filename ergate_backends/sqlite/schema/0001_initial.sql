-- Version 1. Times are seconds since 1970-01-01 UTC; payloads are JSON text, never parsed here.

CREATE TABLE jobs (
    n                    INTEGER PRIMARY KEY,
    id                   TEXT    NOT NULL UNIQUE,
    workflow_name        TEXT    NOT NULL,
    queue                TEXT    NOT NULL,
    home_queue           TEXT    NOT NULL,
    priority             INTEGER NOT NULL CHECK (typeof(priority) = 'integer'),
    status               TEXT    NOT NULL CHECK (status IN ('pending', 'scheduled', 'queued', 'running',
                                                            'completed', 'failed', 'aborted', 'cancelled')),
    revision             INTEGER NOT NULL CHECK (typeof(revision) = 'integer'),
    seq                  INTEGER NOT NULL CHECK (typeof(seq) = 'integer'),
    current_step         INTEGER NOT NULL CHECK (typeof(current_step) = 'integer'),
    step_name            TEXT,
    fingerprint          TEXT,
    attempt              INTEGER NOT NULL,
    deliveries           INTEGER NOT NULL,
    alone                INTEGER NOT NULL,
    unroutable           INTEGER NOT NULL,
    worker_id            TEXT,
    claimed_at           REAL,
    cancel_requested     INTEGER NOT NULL,
    due_at               REAL,
    steps_completed      INTEGER NOT NULL,
    percent_completed    REAL    NOT NULL,
    initial_input_value  TEXT    NOT NULL,
    last_return_value    TEXT    NOT NULL,
    user_context         TEXT    NOT NULL,
    extra                TEXT    NOT NULL,
    error                TEXT,
    requested_start_time REAL,
    created_at           REAL    NOT NULL,
    updated_at           REAL    NOT NULL,
    finished_at          REAL,
    ready_at             REAL  -- while it is QUEUED: part of the key of its ready row
);

-- Partial indexes: each holds only the rows that its question is about, and stays small.
CREATE INDEX jobs_held ON jobs (worker_id) WHERE worker_id IS NOT NULL;
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- One row for each QUEUED job, and no other: the queue of a native broker, the outbox of a relayed one.
-- One tree in the order of claiming, and no index beside it: the key follows from the job's row
-- (rank is minus its priority), so nobody has to search for it.
CREATE TABLE ready (
    queue        TEXT    NOT NULL,
    rank         INTEGER NOT NULL,
    ready_at     REAL    NOT NULL,
    job_id       TEXT    NOT NULL,
    revision     INTEGER NOT NULL,
    alone        INTEGER NOT NULL,
    published_at REAL,
    PRIMARY KEY (queue, rank, ready_at, job_id)
) WITHOUT ROWID;

-- Append-only. The two keys refuse a second application of the same step, whatever the code does.
CREATE TABLE history (
    job_id     TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    event      TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    seq        INTEGER NOT NULL,
    step_name  TEXT,
    next_step  TEXT,
    attempt    INTEGER NOT NULL,
    worker_id  TEXT,
    claimed_at REAL,
    at         REAL    NOT NULL,
    result     TEXT,
    detail     TEXT,
    PRIMARY KEY (job_id, revision)
) WITHOUT ROWID;
CREATE UNIQUE INDEX history_applied ON history (job_id, seq) WHERE event = 'applied';

CREATE TABLE workers (
    worker_id   TEXT PRIMARY KEY,
    host        TEXT    NOT NULL,
    pid         INTEGER NOT NULL,
    started_at  REAL    NOT NULL,
    queues      TEXT    NOT NULL,
    concurrency INTEGER NOT NULL,
    expires_at  REAL    NOT NULL
) WITHOUT ROWID;

CREATE TABLE dead_letters (
    n      INTEGER PRIMARY KEY,
    id     TEXT NOT NULL UNIQUE,
    queue  TEXT NOT NULL,
    body   BLOB NOT NULL,
    reason TEXT NOT NULL,
    at     REAL NOT NULL
);
