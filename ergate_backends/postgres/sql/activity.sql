-- What ended in each span of time: numbers, and how long the jobs took, or about so many of them as
-- there are samples. The product spreads the jobs over all 32-bit numbers without a pattern, so that
-- those below a limit are that share of every workflow and of every moment.
SELECT edges.first, numbers.completed, numbers.failed, took.p50_s, took.p99_s
FROM generate_series(0, %(spans)s::int - 1) AS span (i)
CROSS JOIN LATERAL (
    SELECT %(since)s::float8 + span.i * %(span_s)s::float8 AS first,
           %(since)s::float8 + (span.i + 1) * %(span_s)s::float8 AS last
) AS edges
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE ended_as = 'completed') AS completed,
           count(*) FILTER (WHERE ended_as <> 'completed') AS failed
    FROM {schema}.jobs
    WHERE ended_as IN ('completed', 'failed', 'aborted') AND finished_at IS NOT NULL
      AND finished_at >= edges.first AND finished_at < edges.last
) AS numbers
CROSS JOIN LATERAL (
    SELECT percentile_disc(0.50) WITHIN GROUP (ORDER BY one.took_s) AS p50_s,
           percentile_disc(0.99) WITHIN GROUP (ORDER BY one.took_s) AS p99_s
    FROM (
        SELECT greatest(0, finished_at - greatest(created_at, requested_start_time)) AS took_s
        FROM {schema}.jobs
        WHERE ended_as IN ('completed', 'failed', 'aborted') AND finished_at IS NOT NULL
          AND finished_at >= edges.first AND finished_at < edges.last
          AND n %% 2147483648 * 2654435761 %% 4294967296 * (numbers.completed + numbers.failed)
              < 4294967296 * %(samples)s::bigint
    ) AS one
) AS took
ORDER BY span.i
