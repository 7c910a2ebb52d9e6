-- Words: texts that stand once in the database and are referred to by number.
-- `find` gives the number of a word, `add` makes it (the number is the last rowid).

-- name: user-find
SELECT id FROM user WHERE name = ?1;
-- name: user-add
INSERT INTO user (name) VALUES (?1);

-- name: profile-find
SELECT id FROM profile WHERE name = ?1;
-- name: profile-add
INSERT INTO profile (name) VALUES (?1);

-- name: chosen-by-find
SELECT id FROM chosen_by WHERE name = ?1;
-- name: chosen-by-add
INSERT INTO chosen_by (name) VALUES (?1);

-- name: address-find
SELECT id FROM address WHERE text = ?1;
-- name: address-add
INSERT INTO address (text) VALUES (?1);

-- name: client-find
SELECT id FROM client WHERE program = ?1 AND platform = ?2;
-- name: client-add
INSERT INTO client (program, platform) VALUES (?1, ?2);
