-- Published address ranges that come as JSON: SQLite reads the text, no table is asked.

-- Every value, an object or a list before what is in it.
-- name: tree
SELECT id, parent, key, type, atom FROM json_tree(?1);
