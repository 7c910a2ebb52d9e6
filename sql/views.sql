-- Views for people, made anew whenever this text has changed.
DROP VIEW IF EXISTS runs;
CREATE VIEW runs AS
SELECT server_run.id AS run, server.name AS server, server_run.pid, server_run.began,
  server_run.ended, end_reason.name AS end_reason
FROM server_run JOIN server ON server.id = server_run.server
LEFT JOIN end_reason ON end_reason.id = server_run.end_reason;
