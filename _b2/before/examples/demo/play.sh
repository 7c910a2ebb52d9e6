# shellcheck shell=bash
# The acts: what happens, what is measured, and what the story says about it.

failures=0
clients=0

heading() {
	printf '\n%s%s%s\n%s\n' "$bold" "$1" "$off" "$(repeat "$rule" 78)"
}

# keep_logs WHY
keep_logs() {
	local why=$1 kept
	kept=$(mktemp -d "${TMPDIR:-/tmp}/byway-demo-logs.XXXXXX")
	cp "$room"/*.log "$room"/*.seen "$room"/state/spool/* "$kept/" 2>/dev/null || true
	printf '\n%sdemo: %s; the logs are in %s%s\n' "$red" "$why" "$kept" "$off" >&2
	exit 1
}

# act LOGIN TITLE: alice connects, reads in the library, and leaves again.
act() {
	start_client "$1" bicycle
	wait_until 40 client_says "Initialization Sequence Completed" ||
		keep_logs "alice could not connect as $1"
	begin_measuring
	wait_until 40 peer_saw 2 || true # what was under way is not counted
	begin_measuring
	visit_library || true
	wait_until 40 peer_saw 15 || true
	end_measuring
	stop "$client"
	cut_connections
	show_measured
	summary+=("$transit_bytes $1 $2")
}

library_was_reached_through_the_tunnel() {
	[ "$library_route" = tun0 ] && [[ $library_source == 198.51.100.1[2-9]? ]] &&
		[ "$library_bytes" -gt 0 ] && [ "$campus_bytes" -ge "$library_bytes" ]
}

# An exchange is noted when it is finished; the first may have begun before the measurement.
bulk_went_through_the_university() {
	[ "$peer_route" = tun0 ] && [ "$peer_sources" = 1 ] &&
		[[ $peer_source == 198.51.100.1[2-9]? ]] &&
		[ "$transit_bytes" -ge $((peer_bytes - exchange_bytes)) ]
}

# A packet or two of an earlier act may still be about.
bulk_stayed_at_home() {
	[ "$peer_route" = home0 ] && [ "$peer_sources" = 1 ] && [ "$peer_source" = 192.0.2.20 ] &&
		[ "$peer_bytes" -gt 0 ] && [ "$transit_bytes" -lt $((exchange_bytes / 8)) ]
}

introduction() {
	cat <<-'END'

		  alice's machine ------ the internet ------ the VPN server ------ the library
		  192.0.2.20                  |              198.51.100.65       198.51.100.10
		  at home                     |              the university's
		                         the other end
		                    of her bulk transfer
		                        203.0.113.80
	END
}

before() {
	heading "Before: the server pushes a default route to everybody"
	echo "  alice connects to read something in the library. On her machine a"
	echo "  file-sharing program that she forgot about is running (the bulk transfer)."
	start_server before.conf
	act alice "before"
	check "the library is reached through the tunnel" library_was_reached_through_the_tunnel
	check "and so is everything else: the bulk transfer comes from the university" \
		bulk_went_through_the_university
	stop "$server"
}

with_byway() {
	heading "With Byway: one line of the server's config changes"
	printf '  %s-%s%s\n' "$red" "$(grep ^plugin "$room/before.conf")" "$off"
	printf '  %s+%s%s\n' "$green" "$(grep ^plugin "$room/byway.conf")" "$off"
	echo "  It still pushes the default route. alice's client config is unchanged."
	start_server byway.conf
	act alice "with Byway"
	show_log
	check "the library is reached through the tunnel" library_was_reached_through_the_tunnel
	check "the bulk transfer stays at home" bulk_stayed_at_home
}

chosen() {
	heading "Chosen: she logs in as alice+full, with the same password"
	act alice+full "chosen"
	show_log
	check "the library is reached through the tunnel" library_was_reached_through_the_tunnel
	check "everything else goes through it, too: she asked for it" bulk_went_through_the_university
}

# What her client was told.
refusal() {
	sed -n 's/.*AUTH_FAILED,//p' "$client_log" | tail -n 1
}

mistyped() {
	heading "Mistyped: alice+ful"
	start_client alice+ful bicycle
	wait_until 40 client_says AUTH_FAILED || true
	stop "$client"
	printf '\n  her client: %s%s%s\n\n' "$bold" "$(refusal)" "$off"
	check "no tunnel, and the names that there are" client_says 'AUTH_FAILED,.*"ful".*campus, full'
}

everything_was_written_down() {
	[ "$(records connected | wc -l)" = 2 ] && [ "$(records disconnected | wc -l)" = 2 ] &&
		[ "$(records refused | wc -l)" = 1 ]
}

written_down() {
	heading "Written down by the plugin, for when somebody asks who had that address"
	stop "$server"
	show_records
	check "both sessions with their bytes, and the login that was refused" \
		everything_was_written_down
}

conclusion() {
	local row login title bytes most=0
	for row in "${summary[@]}"; do
		bytes=${row%% *}
		most=$((bytes > most ? bytes : most))
	done
	heading "What the university's line to the internet carried for one forgetful user"
	for row in "${summary[@]}"; do
		read -r bytes login title <<<"$row"
		printf '  %-12s%-12s%9s  %s%s%s\n' "$title" "$login" "$(size "$bytes")" "$tunnel" \
			"$(bar "$bytes" "$most" 40)" "$off"
	done
	echo
}

play() {
	trap '[ "$BASHPID" != 1 ] || keep_logs "something broke (line $LINENO)"' ERR
	summary=()
	furnish
	build_network
	make_keys
	start_far_hosts
	start_bulk_transfer
	introduction
	before
	with_byway
	chosen
	mistyped
	written_down
	conclusion
	[ "$failures" = 0 ] || keep_logs "$failures of the story's sentences were not true"
}
