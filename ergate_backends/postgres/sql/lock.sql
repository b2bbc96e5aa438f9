SELECT {now}, {job_columns} FROM {schema}.jobs WHERE id = ANY (%(ids)s::text[])
ORDER BY id FOR UPDATE
