-- Retention: small steps, each one transaction of a few milliseconds. `cutoff` is the moment
-- before which something has to be gone. Every statement takes as many rows as it is
-- allowed (DELETE ... LIMIT is not in every SQLite), the oldest first.

-- ── sums and lists that are in the order of time ──

-- (cutoff, rows)
-- name: traffic
DELETE FROM traffic WHERE (bucket, session) IN
  (SELECT bucket, session FROM traffic WHERE bucket < ?1 ORDER BY bucket, session LIMIT ?2);
-- name: usage-day
DELETE FROM usage_day WHERE (day, user, server, profile) IN
  (SELECT day, user, server, profile FROM usage_day WHERE day < ?1 / 86400 ORDER BY day LIMIT ?2);
-- name: usage-hour
DELETE FROM usage_hour WHERE (hour, server, profile) IN
  (SELECT hour, server, profile FROM usage_hour WHERE hour < ?1 / 3600 ORDER BY hour LIMIT ?2);
-- name: refusals
DELETE FROM refusal WHERE id IN
  (SELECT id FROM refusal WHERE at < ?1 ORDER BY at LIMIT ?2);
-- name: gaps
DELETE FROM gap WHERE id IN
  (SELECT id FROM gap WHERE began < ?1 AND ended < ?1 ORDER BY began LIMIT ?2);

-- The same with where the last pass came to: (cutoff, rows, from).
-- name: refusal-addresses
UPDATE refusal SET real = NULL, real_port = NULL WHERE id IN
  (SELECT id FROM refusal
   WHERE at >= ?3 AND at < ?1 AND (real IS NOT NULL OR real_port IS NOT NULL)
   ORDER BY at LIMIT ?2);

-- A server run goes when all sessions that are left began after it ended, so none is its own.
-- name: runs
DELETE FROM server_run WHERE id IN
  (SELECT id FROM server_run
   WHERE ended < ?1
     AND ended < (SELECT coalesce(min(oldest), ?1) FROM
           (SELECT (SELECT min(started) FROM session WHERE session.span = span.class) AS oldest
            FROM span))
     AND id NOT IN (SELECT run FROM spool_position)
   LIMIT ?2);

-- ── sessions ──

-- Those of one class of length that had ended before the cutoff, as they began, after
-- (started, ended, id): (class, cutoff, started, ended, id, rows).
-- name: scan
SELECT id, started, ended, max(ended, coalesce(gone_by, ended)), real, vpn4, vpn6
FROM session INDEXED BY session_by_span
WHERE span = ?1 AND started < ?2 AND ended < ?2 AND (started, ended, id) > (?3, ?4, ?5)
ORDER BY started, ended, id LIMIT ?6;

-- How far the scan for one kind of thing has to begin again: (kind, class).
-- name: pointer
SELECT up_to FROM pruned WHERE kind = ?1 AND class = ?2;
-- name: pointer-set
INSERT INTO pruned (kind, class, up_to) VALUES (?1, ?2, ?3)
ON CONFLICT (kind, class) DO UPDATE SET up_to = excluded.up_to;

-- An address that a session held. Nearly always it was from the session's beginning to
-- its end: (kind, address, session, span, since).
-- name: held
DELETE FROM held WHERE kind = ?1 AND address = ?2 AND session = ?3 AND span = ?4 AND since = ?5;
-- Otherwise it is looked for: (kind, address, session, since, until).
-- name: held-within
DELETE FROM held
WHERE kind = ?1 AND address = ?2 AND session = ?3
  AND span IN (SELECT class FROM span) AND since BETWEEN ?4 AND ?5;

-- What it gave up before its end, of kinds from ?2 on: (session, kind).
-- name: before
SELECT kind, address, since FROM held_before WHERE session = ?1 AND kind >= ?2;
-- name: before-gone
DELETE FROM held_before WHERE session = ?1 AND kind >= ?2;

-- name: real-gone
UPDATE session SET real = NULL, real_port = NULL WHERE id = ?1;
-- name: session-gone
DELETE FROM session WHERE id = ?1;
-- name: running-gone
DELETE FROM running WHERE session = ?1;

-- ── words nobody refers to ──
-- What comes from the net goes with the last row that refers to it: users, addresses, clients.
-- Names that only an administrator gives (servers, profiles) stay.

-- name: address-gone
DELETE FROM address
WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM held WHERE kind = 0 AND address = ?1)
  AND NOT EXISTS (SELECT 1 FROM held WHERE kind = 1 AND address = ?1)
RETURNING text;

-- Users without a session, in a range of numbers. Days before the cutoff are gone from
-- usage_day by then; of the cutoff's own day some may be left, and of that of the latest
-- cutoff there ever was, if retention was made longer: (from, to, cutoff, latest).
-- name: users
DELETE FROM user
WHERE id >= ?1 AND id < ?2
  AND NOT EXISTS (SELECT 1 FROM session WHERE session.user = user.id)
  AND NOT EXISTS (SELECT 1 FROM usage_day 
                  WHERE day IN (?3 / 86400, ?4 / 86400) AND usage_day.user = user.id)
RETURNING name;
-- name: users-end
SELECT coalesce(max(id), 0) FROM user;

-- Clients without a session, in a range that is counted from the end of the thousand that
-- stay and are in no index: (from, to).
-- name: clients
DELETE FROM client
WHERE id > 1000 + ?1 AND id <= 1000 + ?2
  AND NOT EXISTS (SELECT 1 FROM session WHERE session.client = client.id AND session.client > 1000)
RETURNING program || char(10) || platform;
-- name: clients-end
SELECT coalesce(max(id), 0) - 1001 FROM client;
