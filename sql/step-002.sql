-- Step 2: which versions of looked up routes a session was given.

-- "journals@1763643900,cloud@1763640000": of each route set with sources, when the list that
-- was in use had been written (epoch seconds; 0: nothing was looked up yet). NULL: it was
-- given none of these, or the server has no plugin that says so.
ALTER TABLE session ADD COLUMN routes TEXT;

PRAGMA user_version = 2;
