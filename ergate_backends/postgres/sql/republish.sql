WITH found AS MATERIALIZED (
    SELECT ctid AS place FROM {schema}.ready
    WHERE published_at <= {now} - %(older_than_s)s::float8
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE {schema}.ready SET published_at = NULL FROM found WHERE ready.ctid = found.place
RETURNING 1
