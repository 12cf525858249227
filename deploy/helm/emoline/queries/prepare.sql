SELECT count(*) FROM jobs WHERE state IN ('queued', 'preparing') AND finished_at IS NULL
