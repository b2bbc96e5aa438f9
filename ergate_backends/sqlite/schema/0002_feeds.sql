-- Version 2. Feeds: who reads which, and what each has not passed yet. The trigger that fills them
-- is made when the first feed is opened, so that nobody else pays for it: see feeding.py.

CREATE TABLE feeds (
    n          INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE,
    holder     TEXT NOT NULL,
    held_until REAL NOT NULL
);

-- Copies of history rows, so that deleting a job takes nothing from a feed. One process writes at
-- a time, so a row that appears later has the larger number.
CREATE TABLE feed_rows (
    n             INTEGER PRIMARY KEY AUTOINCREMENT,
    feed          INTEGER NOT NULL,
    workflow_name TEXT    NOT NULL,
    job_id        TEXT    NOT NULL,
    revision      INTEGER NOT NULL,
    event         TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    seq           INTEGER NOT NULL,
    step_name     TEXT,
    next_step     TEXT,
    attempt       INTEGER NOT NULL,
    worker_id     TEXT,
    claimed_at    REAL,
    at            REAL    NOT NULL,
    result        TEXT,
    detail        TEXT
);
CREATE INDEX feed_rows_order ON feed_rows (feed, n);
