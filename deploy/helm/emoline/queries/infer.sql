SELECT COALESCE(CEIL(SUM(segments."end" - segments.start) / 16000), 0)::bigint
FROM segments
JOIN jobs ON jobs.id = segments.job_id
WHERE segments.status = 'pending'
  AND jobs.state IN ('preparing', 'inferring')
  AND jobs.finished_at IS NULL
