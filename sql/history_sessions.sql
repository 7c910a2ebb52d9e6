-- What `byway sessions`, `live` and `show` ask. A search goes in two steps: one of the
-- `find` statements walks the best index there is and names candidates, newest first;
-- `match` then applies whatever else was asked for. ?1 and ?2 are the first and the last
-- second asked about; a session is found if it may have lived in any second of them.

-- Every session. Each length class by itself: a class has an index in order of time, and
-- what began longer than `longest` before ?1 had ended by then. The parts are merged.
-- name: find-all
SELECT id, started FROM (
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_span
  WHERE span = 0 AND started BETWEEN ?1 - (SELECT longest FROM span WHERE class = 0) AND ?2
  UNION ALL
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_span
  WHERE span = 1 AND started BETWEEN ?1 - (SELECT longest FROM span WHERE class = 1) AND ?2
  UNION ALL
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_span
  WHERE span = 2 AND started BETWEEN ?1 - (SELECT longest FROM span WHERE class = 2) AND ?2
  UNION ALL
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_span
  WHERE span = 3 AND started BETWEEN ?1 - (SELECT longest FROM span WHERE class = 3) AND ?2
  UNION ALL
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_span
  WHERE span = 4 AND started BETWEEN ?1 - (SELECT longest FROM span WHERE class = 4) AND ?2
  UNION ALL
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_span
  WHERE span = 5 AND started BETWEEN ?1 - (SELECT longest FROM span WHERE class = 5) AND ?2
  UNION ALL
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_span
  WHERE span = 6 AND started BETWEEN ?1 - (SELECT longest FROM span WHERE class = 6) AND ?2
  UNION ALL
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_span
  WHERE span = 7 AND started <= ?2
  UNION ALL
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_span
  WHERE span = 8 AND started <= ?2
)
WHERE started >= ?1 OR ended >= ?1 OR ended IS NULL OR gone_by >= ?1
ORDER BY started DESC;

-- The same in any order, with what it can be sorted by: all of that is in the index, but for
-- what open sessions have counted, and the download, which is only read where ?3 is 1. Of
-- those that have ended only such as uploaded ?4 bytes at least, where it is not NULL.
-- name: find-any-order
SELECT session.id, session.started, coalesce(session.ended, 0x7fffffffffffffff),
  session.from_client, CASE ?3 WHEN 1 THEN session.to_client END
FROM span CROSS JOIN session INDEXED BY session_by_span
  ON session.span = span.class AND session.started BETWEEN ?1 - span.longest AND ?2
WHERE (session.started >= ?1 OR session.ended >= ?1 OR session.ended IS NULL OR session.gone_by >= ?1)
  AND (?4 IS NULL OR session.from_client >= ?4 OR session.ended IS NULL);

-- The open ones.
-- name: find-open
SELECT id, started FROM session INDEXED BY session_by_span
WHERE span = 8 AND started <= ?2
ORDER BY started DESC;

-- Those of user ?3. What began long before ?1 can only be in the last two classes.
-- name: find-user
SELECT id, started FROM (
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_user
  WHERE user = ?3 AND started BETWEEN ?1 - (SELECT longest FROM span WHERE class = 6) AND ?2
  UNION ALL
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_span
  WHERE span = 7 AND started < ?1 - (SELECT longest FROM span WHERE class = 6) AND user = ?3
  UNION ALL
  SELECT id, started, ended, gone_by FROM session INDEXED BY session_by_span
  WHERE span = 8 AND started < ?1 - (SELECT longest FROM span WHERE class = 6) AND user = ?3
)
WHERE started >= ?1 OR ended >= ?1 OR ended IS NULL OR gone_by >= ?1
ORDER BY started DESC;

-- Those that held address ?4 (?3: 0 a VPN address, 1 a real one) in that time.
-- name: find-held
SELECT session.id, session.started
FROM (
  SELECT DISTINCT held.session AS id
  FROM span CROSS JOIN held
  WHERE held.kind = ?3 AND held.address = ?4 AND held.span = span.class
    AND held.since BETWEEN ?1 - span.longest AND ?2
    AND (held.until IS NULL OR held.until >= ?1)
) AS holder
CROSS JOIN session ON session.id = holder.id
ORDER BY session.started DESC;

-- Session ?1, if it is of user ?2, on profile ?3, on server ?4, open (?5 = 1), uploaded ?6
-- bytes at least and held the real address ?7 between ?8 and ?9; what is NULL does not count.
-- Gives what it can be sorted by.
-- name: match
SELECT session.started,
  coalesce(session.ended, 0x7fffffffffffffff),
  coalesce(session.from_client, running.from_client),
  coalesce(session.to_client, running.to_client)
FROM session
JOIN server_run ON server_run.id = session.run
LEFT JOIN running ON running.session = session.id
WHERE session.id = ?1
  AND (?2 IS NULL OR session.user = ?2)
  AND (?3 IS NULL OR session.profile = ?3)
  AND (?4 IS NULL OR server_run.server = ?4)
  AND (?5 IS NULL OR session.ended IS NULL)
  AND (?6 IS NULL OR coalesce(session.from_client, running.from_client) >= ?6)
  AND (?7 IS NULL OR EXISTS (
    SELECT 1 FROM span CROSS JOIN held
    WHERE held.kind = 1 AND held.address = ?7 AND held.span = span.class
      AND held.since BETWEEN session.started
        AND min(?9, coalesce(session.gone_by, session.ended, ?9))
      AND held.session = session.id AND (held.until IS NULL OR held.until >= ?8)));

-- All that is on record of the sessions of the list ?1, [id, ...], in words, in their order.
-- name: session
SELECT session.id, user.name, coalesce(session.typed, user.name),
  coalesce(session.common_name, user.name), profile.name, chosen_by.name, session.fell_back,
  server.name, session.started, session.ended, session.gone_by,
  end_reason.name, end_reason.seen, end_reason.meaning,
  CASE WHEN session.ended IS NULL THEN running.from_client ELSE session.from_client END,
  CASE WHEN session.ended IS NULL THEN running.to_client ELSE session.to_client END,
  vpn4.text, vpn6.text, real.text, session.real_port, client.program, client.platform,
  running.last_seen, running.counted_at, session.handshake, session.cid, server_run.pid,
  server.id, session.routes
FROM json_each(?1) AS asked
CROSS JOIN session ON session.id = asked.value
CROSS JOIN user ON user.id = session.user
LEFT JOIN server_run ON server_run.id = session.run
LEFT JOIN server ON server.id = server_run.server
LEFT JOIN profile ON profile.id = session.profile
LEFT JOIN chosen_by ON chosen_by.id = session.chosen_by
LEFT JOIN end_reason ON end_reason.id = session.end_reason
LEFT JOIN client ON client.id = session.client
LEFT JOIN address AS vpn4 ON vpn4.id = session.vpn4
LEFT JOIN address AS vpn6 ON vpn6.id = session.vpn6
LEFT JOIN address AS real ON real.id = session.real
LEFT JOIN running ON running.session = session.id;

-- ── words ──

-- name: server-find
SELECT id FROM server WHERE name = ?1;
-- For suggestions.
-- name: server-names
SELECT name FROM server;
-- name: profile-names
SELECT name FROM profile;
-- name: user-names
SELECT name FROM user;

-- ── live ──

-- The open sessions with the bytes of this bucket and the one before, and of how many
-- seconds they are: the rate. Of server ?1, profile ?2, user ?3, where they are not NULL.
-- name: live
SELECT session.id, session.started, running.from_client, running.to_client,
  running.from_client - running.base_from + coalesce(traffic.from_client, 0),
  running.to_client - running.base_to + coalesce(traffic.to_client, 0),
  running.counted_at
    - max(session.started, coalesce(traffic.since, running.base_at - recorder.bucket_s)),
  running.counted_at
FROM session INDEXED BY session_by_span
JOIN server_run ON server_run.id = session.run
LEFT JOIN running ON running.session = session.id
LEFT JOIN recorder ON recorder.id = 1
LEFT JOIN traffic ON traffic.bucket = running.bucket - recorder.bucket_s
  AND traffic.session = session.id
WHERE session.span = 8
  AND (?1 IS NULL OR server_run.server = ?1)
  AND (?2 IS NULL OR session.profile = ?2)
  AND (?3 IS NULL OR session.user = ?3);

-- ── one session ──

-- The addresses of session ?1, each with its kind, since when, until when and its number.
-- name: addresses
SELECT mine.kind, address.text, held.since, held.until, address.id
FROM (
  SELECT id, 0 AS kind, vpn4 AS address FROM session WHERE id = ?1
  UNION ALL SELECT id, 0, vpn6 FROM session WHERE id = ?1
  UNION ALL SELECT id, 1, real FROM session WHERE id = ?1
) AS mine
CROSS JOIN session ON session.id = mine.id
CROSS JOIN span
CROSS JOIN held ON held.kind = mine.kind AND held.address = mine.address
  AND held.span = span.class
  AND held.since BETWEEN session.started AND coalesce(session.gone_by, session.ended, 0x7fffffffffffffff)
  AND held.session = session.id
CROSS JOIN address ON address.id = mine.address
UNION
SELECT held_before.kind, address.text, held_before.since, held_before.until, address.id
FROM held_before CROSS JOIN address ON address.id = held_before.address
WHERE held_before.session = ?1
ORDER BY 1, 3, 2;

-- Who else may have held VPN address ?1 between ?2 and ?3, but for session ?4. An address
-- that changes hands has two holders in one second, which says nothing.
-- name: rivals
SELECT session.id, user.name, server.name, held.since, held.until
FROM span
CROSS JOIN held ON held.kind = 0 AND held.address = ?1 AND held.span = span.class
  AND held.since BETWEEN ?2 - span.longest AND ?3
  AND (held.until IS NULL OR held.until >= ?2)
CROSS JOIN session ON session.id = held.session
CROSS JOIN user ON user.id = session.user
LEFT JOIN server_run ON server_run.id = session.run
LEFT JOIN server ON server.id = server_run.server
WHERE held.session <> ?4
  AND NOT (held.since = ?3 AND ?2 < ?3) AND NOT (held.until = ?2 AND held.since < ?2)
ORDER BY held.since;

-- Its traffic in the buckets from ?2 to ?3, of which only those are looked at that exist.
-- name: traffic
WITH RECURSIVE bucket (at) AS (
  SELECT min(bucket) FROM traffic WHERE bucket >= ?2
  UNION ALL
  SELECT (SELECT min(traffic.bucket) FROM traffic WHERE traffic.bucket > bucket.at)
  FROM bucket WHERE bucket.at <= ?3
)
SELECT traffic.bucket, traffic.from_client, traffic.to_client, traffic.since
FROM bucket CROSS JOIN traffic ON traffic.bucket = bucket.at AND traffic.session = ?1
WHERE bucket.at <= ?3;

-- What runs in the bucket under way and is not in `traffic` yet.
-- name: under-way
SELECT bucket, from_client - base_from, to_client - base_to, counted_at
FROM running WHERE session = ?1;

-- ── what may be missing ──

-- The times between ?1 and ?2 in which something may be missing of server ?3 (NULL: of any).
-- name: gaps
SELECT gap_kind.name, gap_kind.meaning, server.name, gap.began, gap.ended, gap.covered,
  gap.count, gap.reason
FROM gap
JOIN gap_kind ON gap_kind.id = gap.kind
LEFT JOIN server ON server.id = gap.server
WHERE gap.began <= ?2 AND (gap.ended IS NULL OR gap.ended >= ?1)
  AND (?3 IS NULL OR gap.server IS NULL OR gap.server = ?3)
ORDER BY gap.began DESC, gap.id DESC;

-- 1: what is open on server ?1 is open for certain, if the recorder was alive after ?2.
-- name: is-watched
SELECT coalesce((SELECT alive_at >= ?2 AND stopped = 0 FROM recorder WHERE id = 1), 0)
  AND NOT EXISTS (SELECT 1 FROM gap
                  WHERE kind = 1 AND ended IS NULL AND (server IS NULL OR server = ?1));

-- name: recorder
SELECT alive_at, stopped, bucket_s FROM recorder WHERE id = 1;
