SELECT EXISTS (SELECT FROM {schema}.jobs WHERE due_at <= {now} AND status = 'scheduled')
    OR EXISTS (SELECT FROM {schema}.workers WHERE expires_at <= {now})
    OR EXISTS (SELECT FROM {schema}.held WHERE NOT EXISTS (
                   SELECT FROM {schema}.workers WHERE workers.worker_id = held.worker_id))
