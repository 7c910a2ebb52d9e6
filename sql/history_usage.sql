-- What `byway usage` adds up: bytes by when, in ranges from ?1 up to but without ?2. Whole
-- days and hours (UTC) are summed already; what is left at the edges comes from the buckets,
-- and of the bucket under way from the sessions themselves.

-- tally() hands a key, an upload and a download over where they are (history_set_tally): there
-- may be a million of them, and each as a row of an answer takes a third longer.

-- The sums by day are of users, those by hour of all else.
-- name: days
SELECT tally(user, from_client, to_client)
FROM usage_day WHERE day BETWEEN ?1 / 86400 AND ?2 / 86400 - 1;

-- name: hours-profile
SELECT tally(profile, from_client, to_client)
FROM usage_hour WHERE hour BETWEEN ?1 / 3600 AND ?2 / 3600 - 1;

-- name: hours-server
SELECT tally(server, from_client, to_client)
FROM usage_hour WHERE hour BETWEEN ?1 / 3600 AND ?2 / 3600 - 1;

-- A time, user, profile, server, upload, download.
-- name: under-way
SELECT running.bucket, session.user, coalesce(session.profile, 0), server_run.server,
  running.from_client - running.base_from, running.to_client - running.base_to
FROM running
CROSS JOIN session ON session.id = running.session
CROSS JOIN server_run ON server_run.id = session.run
WHERE running.bucket >= ?1 AND running.bucket < ?2;

-- Of sessions.
-- name: buckets
SELECT tally(session, from_client, to_client)
FROM traffic WHERE bucket >= ?1 AND bucket < ?2;

-- Of each session of the list ?1, [id, ...]: its place in the list, user, profile, server.
-- name: sessions
SELECT asked.key, session.user, coalesce(session.profile, 0), server_run.server
FROM json_each(?1) AS asked
CROSS JOIN session ON session.id = asked.value
LEFT JOIN server_run ON server_run.id = session.run;

-- ── the names of ?1 ──

-- name: user-name
SELECT name FROM user WHERE id = ?1;
-- name: profile-name
SELECT name FROM profile WHERE id = ?1;
-- name: server-name
SELECT name FROM server WHERE id = ?1;

-- ── where to begin ──

-- The first bucket; those before were deleted by retention.
-- name: oldest-bucket
SELECT min(bucket) FROM traffic;

-- The first bytes of which the hour is known.
-- name: oldest
SELECT min(at) FROM (
  SELECT min(hour) * 3600 AS at FROM usage_hour
  UNION ALL SELECT min(bucket) FROM running
);

-- name: bucket-length
SELECT bucket_s FROM recorder WHERE id = 1;
