-- What the helpdesk command asks of the database, read-only.

-- name: configure
-- Nothing it says can write, and no damaged page is believed without a look.
PRAGMA query_only = ON;
PRAGMA cell_size_check = ON;
-- A list goes to and fro between words, sessions and addresses.
PRAGMA cache_size = -16384;

-- name: begin
-- One command sees one state, however many statements it takes.
BEGIN;

-- For the completion of a shell: names that begin with ?1, at most 100.
-- name: users-that-begin
SELECT name FROM user WHERE name >= ?1 AND name < ?1 || char(0x10ffff) ORDER BY name LIMIT 100;
-- name: profiles-that-begin
SELECT name FROM profile WHERE name >= ?1 AND name < ?1 || char(0x10ffff) ORDER BY name LIMIT 100;
-- name: servers-that-begin
SELECT name FROM server WHERE name >= ?1 AND name < ?1 || char(0x10ffff) ORDER BY name LIMIT 100;
