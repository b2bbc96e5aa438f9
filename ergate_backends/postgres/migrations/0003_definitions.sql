-- Definitions of services and workflows: every version that ever was, as a running job keeps the one
-- it started with; and which version of a name is current, if any is.
CREATE TABLE {schema}.definitions (
    kind       text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    version    text COLLATE "C" NOT NULL,
    body       text NOT NULL,
    created_at double precision NOT NULL,
    PRIMARY KEY (kind, name, version)
);

CREATE TABLE {schema}.current_definitions (
    kind    text COLLATE "C" NOT NULL,
    name    text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, name)
);
