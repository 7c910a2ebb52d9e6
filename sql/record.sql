-- What the recorder writes: every row of a batch is one run of one of these. Parameters
-- come in the order of the table's columns. Rows are whole and replace what is there;
-- only traffic and its sums are added up, up to what a number can hold.

-- name: begin
BEGIN IMMEDIATE;
-- name: commit
COMMIT;
-- name: rollback
ROLLBACK;

-- The length classes of ended intervals, shortest first.
-- name: spans
SELECT class, longest FROM span WHERE class < 8 ORDER BY class;

-- name: server
INSERT INTO server (id, name, spool_name) VALUES (?1, ?2, ?3)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, spool_name = excluded.spool_name;

-- name: run
INSERT INTO server_run (id, server, pid, daemon_start, connected_at, began, ended, end_reason, spool)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (id) DO UPDATE SET
  server = excluded.server, pid = excluded.pid, daemon_start = excluded.daemon_start,
  connected_at = excluded.connected_at, began = excluded.began, ended = excluded.ended,
  end_reason = excluded.end_reason, spool = excluded.spool;

-- name: session
INSERT INTO session (id, run, user, started, ended, gone_by, span, end_reason, from_client,
  to_client, profile, chosen_by, fell_back, client, real, real_port, vpn4, vpn6, cid, number,
  handshake, typed, common_name, routes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
  ?21, ?22, ?23, ?24)
ON CONFLICT (id) DO UPDATE SET
  run = excluded.run, user = excluded.user, started = excluded.started, ended = excluded.ended,
  gone_by = excluded.gone_by, span = excluded.span, end_reason = excluded.end_reason,
  from_client = excluded.from_client, to_client = excluded.to_client, profile = excluded.profile,
  chosen_by = excluded.chosen_by, fell_back = excluded.fell_back, client = excluded.client,
  real = excluded.real, real_port = excluded.real_port, vpn4 = excluded.vpn4, vpn6 = excluded.vpn6,
  cid = excluded.cid, number = excluded.number, handshake = excluded.handshake,
  typed = excluded.typed, common_name = excluded.common_name, routes = excluded.routes;

-- name: running
INSERT INTO running (session, last_seen, from_client, to_client, counted_at, epoch_from, epoch_to,
  bucket, base_from, base_to, base_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
ON CONFLICT (session) DO UPDATE SET
  last_seen = excluded.last_seen, from_client = excluded.from_client,
  to_client = excluded.to_client, counted_at = excluded.counted_at,
  epoch_from = excluded.epoch_from, epoch_to = excluded.epoch_to, bucket = excluded.bucket,
  base_from = excluded.base_from, base_to = excluded.base_to, base_at = excluded.base_at;

-- A session that has ended does not run.
-- name: running-end
DELETE FROM running WHERE session = ?1;

-- What ended a moment ago: (session, ended, boot_ms), for as long as something may explain it.
-- name: lately
INSERT INTO ended_lately (session, ended, boot_ms) VALUES (?1, ?2, ?3)
ON CONFLICT (session) DO UPDATE SET ended = excluded.ended, boot_ms = excluded.boot_ms;
-- (Or long after it, by a clock that was put back.)
-- name: lately-over
DELETE FROM ended_lately WHERE ended < ?1 OR ended > ?1 + 2 * 86400;

-- What was known before of an address that a session holds: (kind, address, since, session).
-- It stands in the class of open intervals (8), or, where an end is corrected, in any.
-- name: held-open
DELETE FROM held WHERE kind = ?1 AND address = ?2 AND span = 8 AND since = ?3 AND session = ?4;
-- name: held-any
DELETE FROM held
WHERE kind = ?1 AND address = ?2 AND span IN (SELECT class FROM span) AND since = ?3 AND session = ?4;
-- name: held
INSERT INTO held (kind, address, span, since, session, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT DO UPDATE SET until = excluded.until;

-- name: held-before
INSERT INTO held_before (session, kind, address, since, until) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO UPDATE SET until = excluded.until;

-- The clock was put back: addresses that open sessions gave up later than now, as the old
-- clock had it, were given up so much earlier; no gap lasts until later than now: (now, by).
-- The rows of `held` are made anew from those of held_before.
-- name: put-back-held
DELETE FROM held WHERE until IS NOT NULL AND (kind, address, since, session) IN
  (SELECT kind, address, since, session FROM held_before
   WHERE until > ?1 AND session IN (SELECT id FROM session WHERE span = 8));
-- name: put-back-before
UPDATE OR REPLACE held_before SET
  since = iif(since > ?1, max(since - ?2, session.started), since),
  until = max(min(until - ?2, ?1), iif(since > ?1, max(since - ?2, session.started), since))
FROM session WHERE session.id = held_before.session AND session.span = 8 AND until > ?1;
-- name: put-back-held-anew
INSERT OR REPLACE INTO held (kind, address, span, since, session, until)
SELECT kind, address,
  (SELECT min(class) FROM span WHERE class < 8 AND (longest >= until - since OR class = 7)),
  since, session, until
FROM held_before WHERE session IN (SELECT id FROM session WHERE span = 8);
-- name: put-back-gaps
UPDATE gap SET ended = ?1 WHERE began <= ?1 AND ended > ?1;

-- name: traffic
INSERT INTO traffic (bucket, session, from_client, to_client, since) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (bucket, session) DO UPDATE SET
  from_client = min(from_client, 0x7fffffffffffffff - excluded.from_client) + excluded.from_client,
  to_client = min(to_client, 0x7fffffffffffffff - excluded.to_client) + excluded.to_client,
  since = coalesce(min(since, excluded.since), since, excluded.since);

-- The same bytes in the sums: (bucket, session, from_client, to_client).
-- name: usage-day
INSERT INTO usage_day (day, user, server, profile, from_client, to_client)
SELECT ?1 / 86400, session.user, server_run.server, coalesce(session.profile, 0), ?3, ?4
FROM session JOIN server_run ON server_run.id = session.run WHERE session.id = ?2
ON CONFLICT DO UPDATE SET
  from_client = min(from_client, 0x7fffffffffffffff - excluded.from_client) + excluded.from_client,
  to_client = min(to_client, 0x7fffffffffffffff - excluded.to_client) + excluded.to_client;
-- name: usage-hour
INSERT INTO usage_hour (hour, server, profile, from_client, to_client)
SELECT ?1 / 3600, server_run.server, coalesce(session.profile, 0), ?3, ?4
FROM session JOIN server_run ON server_run.id = session.run WHERE session.id = ?2
ON CONFLICT DO UPDATE SET
  from_client = min(from_client, 0x7fffffffffffffff - excluded.from_client) + excluded.from_client,
  to_client = min(to_client, 0x7fffffffffffffff - excluded.to_client) + excluded.to_client;

-- name: refusal
INSERT INTO refusal (id, at, server, user, typed, common_name, wanted, reason, real, real_port)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (id) DO UPDATE SET
  at = excluded.at, server = excluded.server, user = excluded.user, typed = excluded.typed,
  common_name = excluded.common_name, wanted = excluded.wanted, reason = excluded.reason,
  real = excluded.real, real_port = excluded.real_port;

-- name: gap
INSERT INTO gap (id, kind, server, began, ended, covered, count, reason)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (id) DO UPDATE SET
  kind = excluded.kind, server = excluded.server, began = excluded.began, ended = excluded.ended,
  covered = excluded.covered, count = excluded.count, reason = excluded.reason;

-- name: position
INSERT INTO spool_position (file, run, position, alive_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (file) DO UPDATE SET
  run = excluded.run, position = excluded.position, alive_at = excluded.alive_at;
-- name: position-end
DELETE FROM spool_position WHERE file = ?1;

-- name: recorder
INSERT INTO recorder (id, alive_at, stopped, bucket_s, batch, clock_right, clock_since)
VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (id) DO UPDATE SET
  alive_at = coalesce(excluded.alive_at, alive_at), stopped = excluded.stopped,
  bucket_s = excluded.bucket_s, batch = excluded.batch,
  clock_right = excluded.clock_right, clock_since = excluded.clock_since;
-- name: recorder-batch
SELECT batch FROM recorder WHERE id = 1;
