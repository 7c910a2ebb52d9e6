-- What `byway db check` asks.

-- Every page, every row, every index: a line for each problem, or "ok". (At most so many.)
-- name: integrity
PRAGMA integrity_check(20);

-- Tables and indexes, to be compared with those of a new database.
-- name: schema
SELECT type, name, sql FROM sqlite_schema
WHERE type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type, name;

-- Rows that refer to what is not there.
-- name: references
SELECT "table", "parent", count(*) FROM pragma_foreign_key_check GROUP BY 1, 2;

-- What must not be, one a row: how many, and what it is.
-- name: contradictions
SELECT count(*), 'sessions in the class of open ones that have ended, or the other way round'
FROM session WHERE (ended IS NULL) != (span = 8)
UNION ALL
SELECT count(*), 'sessions in a class that is not that of their length'
FROM session WHERE ended IS NOT NULL AND span != 8
  AND span != (SELECT min(class) FROM span WHERE class < 8
               AND (longest >= max(ended, coalesce(gone_by, ended)) - started OR class = 7))
UNION ALL
SELECT count(*), 'sessions that ended before they began' FROM session WHERE ended < started
UNION ALL
SELECT count(*), 'sessions that ended for no reason'
FROM session WHERE ended IS NOT NULL AND end_reason IS NULL
UNION ALL
SELECT count(*), 'ended sessions that still run'
FROM running JOIN session ON session.id = running.session WHERE session.ended IS NOT NULL
UNION ALL
SELECT count(*), 'ended sessions that still hold an address'
FROM held JOIN session ON session.id = held.session
WHERE held.until IS NULL AND session.ended IS NOT NULL
UNION ALL
SELECT count(*), 'addresses in the class of those still held that are not, or the other way round'
FROM held WHERE (until IS NULL) != (span = 8)
UNION ALL
SELECT count(*), 'addresses in a class that is not that of their length'
FROM held WHERE until IS NOT NULL AND span != 8
  AND span != (SELECT min(class) FROM span WHERE class < 8
               AND (longest >= until - since OR class = 7))
UNION ALL
SELECT count(*), 'sessions with an address that nobody is listed as holding'
FROM session CROSS JOIN address ON address.id IN (session.real, session.vpn4, session.vpn6)
WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.kind IN (0, 1) AND held.address = address.id
                  AND held.span IN (SELECT class FROM span)
                  AND held.since >= session.started AND held.session = session.id)
UNION ALL
SELECT count(*), 'byte counts below zero'
FROM session WHERE from_client < 0 OR to_client < 0;

-- What there is.
-- name: sum
SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM session WHERE span = 8),
  (SELECT min(started) FROM session), (SELECT max(started) FROM session),
  (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size),
  (SELECT alive_at FROM recorder), (SELECT stopped FROM recorder);

-- Gaps by kind: how many, how many that sessions may be missing in, seconds in all, and how
-- many last.
-- name: gaps
SELECT gap_kind.name, count(*), sum(covered = 0), sum(coalesce(ended, began) - began),
  sum(ended IS NULL)
FROM gap JOIN gap_kind ON gap_kind.id = gap.kind GROUP BY gap_kind.id ORDER BY gap_kind.id;

-- A copy of one state of the database, however long it takes and whoever writes meanwhile.
-- name: backup
VACUUM INTO ?1;
-- name: quick
PRAGMA quick_check(1);
