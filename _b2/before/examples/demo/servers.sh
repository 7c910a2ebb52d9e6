# shellcheck shell=bash
# Starts and stops what runs on the demo's hosts. Everything is in $room, which
# only the demo sees; every log is $room/*.log.

# A place for keys, logs and the PAM service, on top of /run and /etc/pam.d as the
# rest of the machine knows them: these mounts are this process's alone.
furnish() {
	mount --no-mtab -t tmpfs -o mode=0755 tmpfs /run
	mkdir -p "$room/state/spool" "$room/pam.d"
	cp "$here"/*.conf "$here/client.ovpn" "$here/accounts" "$here/check-password" "$room/"
	cp -a /etc/pam.d/. "$room/pam.d/"
	cp "$here/pam" "$room/pam.d/vpn"
	mount --bind "$room/pam.d" /etc/pam.d
	ln -s "$build/.libs/openvpn-plugin-byway.so" "$room/"
}

make_keys() {
	cd "$room" || return
	local key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2)
	openssl req -x509 "${key[@]}" -subj "/CN=The demo's authority" -keyout ca.key -out ca.crt
	openssl req -x509 "${key[@]}" -subj "/CN=vpn.example.edu" -CA ca.crt -CAkey ca.key \
		-addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth \
		-addext keyUsage=digitalSignature -keyout server.key -out server.crt
} 2>"$room/openssl.log"

# wait_until SECONDS COMMAND...
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

start_far_hosts() {
	start_on library "$here/far-host" 443 "$room/library.seen" 2>"$room/library.log" &
	start_on peer "$here/far-host" 6881 "$room/peer.seen" 2>"$room/peer.log" &
	wait_until 40 test -e "$room/library.seen" -a -e "$room/peer.seen" ||
		keep_logs "the far hosts did not start"
}

# What alice forgot about: it never stops, and never asks which way it goes.
exchange_bytes=$((8 * 65536))
start_bulk_transfer() {
	start_on alice "$here/transfer" 203.0.113.80 6881 4 4 --forever 2>"$room/bulk.log" &
}

# What the end of the tunnel interrupted would be sent again for a while, and be measured.
cut_connections() {
	on peer ss --kill --numeric dst 198.51.100.128/25 >/dev/null 2>&1 || true
}

visit_library() {
	on alice "$here/transfer" 198.51.100.10 443 32 1 2>>"$room/visit.log"
}

# start_server CONFIG
start_server() {
	start_on vpn openvpn --cd "$room" --config "$1" --log "$room/server-${1%.conf}.log" &
	server=$!
	wait_until 40 grep -qs "Initialization Sequence Completed" "$room/server-${1%.conf}.log" ||
		keep_logs "the VPN server did not start"
}

# start_client NAME PASSWORD; its log is $client_log
start_client() {
	client_log=$room/client-$((++clients)).log
	printf '%s\n%s\n' "$1" "$2" >"$room/login"
	start_on alice openvpn --cd "$room" --config client.ovpn --auth-user-pass login --log "$client_log" &
	client=$!
}

# client_says WORDS
client_says() {
	grep -qs "$1" "$client_log"
}

# stop PID
stop() {
	kill "$1" 2>/dev/null || true
	wait "$1" || true
}
