-- What the helpdesk command asks of the database, read-only.

-- name: configure
-- Nothing it says can write, and no damaged page is believed without a look.
PRAGMA query_only = ON;
PRAGMA cell_size_check = ON;

-- name: begin
-- One command sees one state, however many statements it takes.
BEGIN;
