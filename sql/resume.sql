-- What the daemon takes up again when it starts: what was open, and how far it had come.

-- name: servers
SELECT id, name, spool_name FROM server ORDER BY id;

-- Those that run, and those whose spool is not fully read.
-- name: runs
SELECT id, server, pid, daemon_start, connected_at, began, ended, end_reason, spool
FROM server_run
WHERE ended IS NULL OR id IN (SELECT run FROM spool_position)
ORDER BY id;

-- name: sessions
SELECT session.id, session.run, session.started, session.ended, session.gone_by,
  session.from_client, session.to_client, session.fell_back, session.real_port, session.cid,
  session.number, session.handshake, session.end_reason,
  user.name, session.typed, session.common_name, profile.name, chosen_by.name,
  client.program, client.platform, a.text, a4.text, a6.text, session.routes
FROM session
JOIN user ON user.id = session.user
LEFT JOIN profile ON profile.id = session.profile
LEFT JOIN chosen_by ON chosen_by.id = session.chosen_by
LEFT JOIN client ON client.id = session.client
LEFT JOIN address AS a ON a.id = session.real
LEFT JOIN address AS a4 ON a4.id = session.vpn4
LEFT JOIN address AS a6 ON a6.id = session.vpn6
WHERE session.span = 8
ORDER BY session.id;

-- Of those that ended a moment ago, in that order.
-- name: lately
SELECT session.id, session.run, session.started, session.ended, session.gone_by,
  session.from_client, session.to_client, session.fell_back, session.real_port, session.cid,
  session.number, session.handshake, session.end_reason,
  user.name, session.typed, session.common_name, profile.name, chosen_by.name,
  client.program, client.platform, a.text, a4.text, a6.text, session.routes,
  ended_lately.boot_ms
FROM ended_lately
JOIN session ON session.id = ended_lately.session
JOIN user ON user.id = session.user
LEFT JOIN profile ON profile.id = session.profile
LEFT JOIN chosen_by ON chosen_by.id = session.chosen_by
LEFT JOIN client ON client.id = session.client
LEFT JOIN address AS a ON a.id = session.real
LEFT JOIN address AS a4 ON a4.id = session.vpn4
LEFT JOIN address AS a6 ON a6.id = session.vpn6
WHERE session.ended IS NOT NULL
ORDER BY session.ended, ended_lately.boot_ms, session.id;

-- name: running
SELECT session, last_seen, from_client, to_client, counted_at, epoch_from, epoch_to,
  bucket, base_from, base_to, base_at
FROM running ORDER BY session;

-- name: held
SELECT held.kind, held.session, held.since, held.until, address.text
FROM held INDEXED BY held_now JOIN address ON address.id = held.address
WHERE held.until IS NULL
ORDER BY held.session;

-- name: gaps
SELECT id, server, began, ended, count, kind, covered, reason
FROM gap WHERE ended IS NULL ORDER BY id;

-- name: positions
SELECT file, run, position, alive_at FROM spool_position ORDER BY file;

-- name: state
SELECT
  (SELECT coalesce(max(id), 0) + 1 FROM server), (SELECT coalesce(max(id), 0) + 1 FROM server_run),
  (SELECT coalesce(max(id), 0) + 1 FROM session), (SELECT coalesce(max(id), 0) + 1 FROM refusal),
  (SELECT coalesce(max(id), 0) + 1 FROM gap),
  (SELECT alive_at FROM recorder), (SELECT stopped FROM recorder),
  (SELECT clock_right FROM recorder), (SELECT clock_since FROM recorder);
