-- Who had this address: what helpdesk/who.c asks, within history.begin.

-- Everybody who held an address, of a kind, at some moment from..to: overlap, not only what
-- began there. In each class of length only starts that can reach `from` are read.
-- (address, kind, from, to, server or NULL)
-- name: candidates
SELECT held.session, held.since, held.until, user.name, session.typed, profile.name,
  chosen_by.name, session.fell_back, server.id, server.name,
  session.started, session.ended, coalesce(session.gone_by, session.ended), end_reason.name,
  coalesce(running.last_seen, session.ended, session.started),
  real.text, session.real_port, vpn4.text, vpn6.text, client.program, client.platform,
  CASE WHEN session.ended IS NULL THEN running.from_client ELSE session.from_client END,
  CASE WHEN session.ended IS NULL THEN running.to_client ELSE session.to_client END,
  running.base_at, running.counted_at,
  running.from_client - running.base_from, running.to_client - running.base_to
FROM address AS asked CROSS JOIN span CROSS JOIN held
CROSS JOIN session ON session.id = held.session
CROSS JOIN server_run ON server_run.id = session.run
CROSS JOIN server ON server.id = server_run.server
CROSS JOIN user ON user.id = session.user
LEFT JOIN running ON running.session = session.id
LEFT JOIN profile ON profile.id = session.profile
LEFT JOIN chosen_by ON chosen_by.id = session.chosen_by
LEFT JOIN end_reason ON end_reason.id = session.end_reason
LEFT JOIN address AS real ON real.id = session.real
LEFT JOIN address AS vpn4 ON vpn4.id = session.vpn4
LEFT JOIN address AS vpn6 ON vpn6.id = session.vpn6
LEFT JOIN client ON client.id = session.client
WHERE asked.text = ?1 AND held.kind = ?2 AND held.address = asked.id AND held.span = span.class
  AND held.since BETWEEN ?3 - span.longest AND ?4 AND (held.until IS NULL OR held.until >= ?3)
  AND (?5 IS NULL OR server.name = ?5)
ORDER BY held.since, held.session;

-- The real addresses that a session left, as they followed one another. (session)
-- name: moves
SELECT address.text, held_before.since, held_before.until
FROM held_before CROSS JOIN address ON address.id = held_before.address
WHERE held_before.session = ?1 AND held_before.kind = 1
ORDER BY held_before.since, held_before.until;

-- Since when a session that has moved has its last real address. (session)
-- name: last-move
SELECT max(held.since), held.until
FROM session CROSS JOIN span CROSS JOIN held
WHERE session.id = ?1 AND held.kind = 1 AND held.address = session.real
  AND held.span = span.class AND held.session = session.id
  AND held.since BETWEEN session.started
    AND coalesce(session.gone_by, session.ended, 0x7fffffffffffffff);

-- What a session moved in buckets that begin at from..to. The buckets there are, are found
-- one from the other, so that the sessions of others are not read. (session, from, to)
-- name: traffic
WITH RECURSIVE seen (bucket) AS (
  SELECT (SELECT min(bucket) FROM traffic WHERE bucket >= ?2)
  UNION ALL
  SELECT (SELECT min(bucket) FROM traffic WHERE bucket > seen.bucket) FROM seen
  WHERE seen.bucket < ?3
)
SELECT traffic.bucket, traffic.since, traffic.from_client, traffic.to_client
FROM seen CROSS JOIN traffic
WHERE seen.bucket <= ?3 AND traffic.bucket = seen.bucket AND traffic.session = ?1;

-- When something may be missing of from..to. A server whose management socket is not
-- watched now is recorded all the same while its plugin's spool is read.
-- (from, to, server or NULL)
-- name: gaps
SELECT gap.kind, gap.server, server.name, gap.began, gap.ended, gap.count, gap.reason
FROM gap LEFT JOIN server ON server.id = gap.server
WHERE gap.began <= ?2 AND (gap.ended IS NULL OR gap.ended >= ?1) AND NOT gap.covered
  AND (?3 IS NULL OR gap.server IS NULL OR server.name = ?3)
  AND NOT (gap.kind = 1 AND gap.ended IS NULL AND EXISTS
    (SELECT 1 FROM server_run
     WHERE server_run.server = gap.server AND server_run.began <= gap.began
       AND server_run.ended IS NULL AND server_run.spool IS NOT NULL))
ORDER BY gap.began, gap.id;

-- The daemon, and what retention left: sessions and real addresses that ended before these
-- moments may be gone, and so may traffic.
-- name: recorder
SELECT recorder.alive_at, recorder.stopped, recorder.bucket_s,
  (SELECT up_to FROM pruned WHERE kind = 'sessions' AND class = 0),
  (SELECT max(up_to + longest) FROM pruned CROSS JOIN span USING (class)
   WHERE kind = 'real-addresses'),
  (SELECT min(bucket) FROM traffic)
FROM recorder WHERE id = 1;

-- Whether it was ever an address of the VPN. (address)
-- name: is-vpn
SELECT 1 FROM address CROSS JOIN held ON held.kind = 0 AND held.address = address.id
WHERE address.text = ?1 LIMIT 1;

-- name: server
SELECT 1 FROM server WHERE name = ?1;

-- What servers gave out about a moment: server and address, of as many sessions before and
-- after it. Sessions are numbered about as they began. (moment, sessions, 1 for IPv6)
-- name: given
SELECT server_run.server, address.text
FROM (
  SELECT max((SELECT session.id FROM session INDEXED BY session_by_span
              WHERE session.span = span.class AND session.started <= ?1
              ORDER BY session.started DESC LIMIT 1)) AS id
  FROM span
) AS near
CROSS JOIN session ON session.id BETWEEN coalesce(near.id, 0) - ?2 AND coalesce(near.id, 0) + ?2
CROSS JOIN server_run ON server_run.id = session.run
CROSS JOIN address ON address.id = CASE ?3 WHEN 1 THEN session.vpn6 ELSE session.vpn4 END;

-- Since when a server is on record; a clock that showed 1970 does not count. (server or NULL)
-- name: beginnings
SELECT server.id, server.name,
  (SELECT min(began) FROM server_run
   WHERE server_run.server = server.id AND server_run.began >= 1600000000)
FROM server WHERE ?1 IS NULL OR server.name = ?1;
