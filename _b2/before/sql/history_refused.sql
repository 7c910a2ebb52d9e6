-- What `byway refused` asks: who was refused a tunnel between ?1 and ?2, the last first,
-- on server ?3 where it is not NULL; no more than ?4 (-1: all).

-- name: all
SELECT refusal.at, server.name, refusal.user, coalesce(refusal.typed, refusal.user),
  refusal.common_name, refusal.wanted, refusal.reason, refusal.real, refusal.real_port
FROM refusal INDEXED BY refusal_by_time
CROSS JOIN server ON server.id = refusal.server
WHERE refusal.at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR refusal.server = ?3)
ORDER BY refusal.at DESC, refusal.id DESC LIMIT ?4;

-- The same of user ?5.
-- name: user
SELECT refusal.at, server.name, refusal.user, coalesce(refusal.typed, refusal.user),
  refusal.common_name, refusal.wanted, refusal.reason, refusal.real, refusal.real_port
FROM refusal INDEXED BY refusal_by_user
CROSS JOIN server ON server.id = refusal.server
WHERE refusal.user = ?5 AND refusal.at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR refusal.server = ?3)
ORDER BY refusal.at DESC, refusal.id DESC LIMIT ?4;
