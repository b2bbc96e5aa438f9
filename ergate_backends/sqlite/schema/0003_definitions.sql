-- Version 3. Definitions of services and workflows: every version that ever was, as a running job
-- keeps the one it started with; and which version of a name is current, if any is.

CREATE TABLE definitions (
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    version    TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at REAL NOT NULL,
    PRIMARY KEY (kind, name, version)
);

CREATE TABLE current_definitions (
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
