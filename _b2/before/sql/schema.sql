-- What opening asks of a database before its tables are known.

-- name: application-id
PRAGMA application_id;
-- name: user-version
PRAGMA user_version;
-- name: tables
SELECT count(*) FROM sqlite_schema;

-- name: views-hash
SELECT hash FROM views WHERE id = 1;
-- name: views-made
INSERT INTO views (id, hash) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET hash = excluded.hash;
