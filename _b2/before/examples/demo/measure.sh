# shellcheck shell=bash
# Looks at the kernel, the far hosts and the VPN server's interfaces, and shows it.
# Nothing here knows what ought to come out.

# route_to ADDRESS: the interface that alice's kernel would use.
route_to() {
	ip -n alice route get "$1" | sed -n 's/.* dev \([^ ]*\).*/\1/p'
}

# carried INTERFACE: bytes, both ways, through an interface of the VPN server.
carried() {
	on vpn awk -v name="$1:" '$1 == name { print $2 + $10 }' /proc/net/dev
}

# Remembers where everything stands.
begin_measuring() {
	library_mark=$(wc -l <"$room/library.seen")
	peer_mark=$(wc -l <"$room/peer.seen")
	campus_mark=$(carried campus)
	transit_mark=$(carried transit)
}

# seen_by HOST: "address bytes" for each source address since then, the busiest first.
seen_by() {
	local mark=${1}_mark
	tail -n "+$((${!mark} + 1))" "$room/$1.seen" |
		awk '{ bytes[$1] += $2 + $3 } END { for (a in bytes) print a, bytes[a] }' | sort -k2,2nr
}

# What the plugin last wrote into the server's log, without its figures.
logged() {
	sed -n 's/.* PLUGIN byway: //p' "$room/server-byway.log" | tail -n 1 | sed 's/), .*/)/'
}

# Has the peer seen this many exchanges since then?
peer_saw() {
	[ "$(($(wc -l <"$room/peer.seen") - peer_mark))" -ge "$1" ]
}

end_measuring() {
	library_route=$(route_to 198.51.100.10)
	peer_route=$(route_to 203.0.113.80)
	read -r library_source library_bytes < <(seen_by library) || library_bytes=0
	read -r peer_source peer_bytes < <(seen_by peer) || peer_bytes=0
	peer_sources=$(seen_by peer | wc -l)
	campus_bytes=$(($(carried campus) - campus_mark))
	transit_bytes=$(($(carried transit) - transit_mark))
}

# ── showing ──

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\e[1m' dim=$'\e[2m' off=$'\e[0m'
	red=$'\e[31m' green=$'\e[32m' tunnel=$'\e[33m' home=$'\e[36m'
else
	bold='' dim='' red='' green='' tunnel='' home='' off=''
fi
if [ "$(locale charmap 2>/dev/null)" = UTF-8 ]; then
	block=█ rule=─ yes=✓ no=✗
else
	block='#' rule=- yes=ok no=FAILED
fi

# size BYTES: "9.3 MB"
size() {
	awk -v n="$1" 'BEGIN {
		split("B kB MB GB", unit)
		for (i = 1; n >= 1000 && i < 4; i++) n /= 1000
		printf i == 1 ? "%d %s" : "%.1f %s", n, unit[i]
	}'
}

# repeat TEXT TIMES
repeat() {
	local i text=''
	for ((i = 0; i < $2; i++)); do text+=$1; done
	printf '%s' "$text"
}

# bar BYTES MAXIMUM WIDTH
bar() {
	local n=$(($2 > 0 ? ($1 * $3 + $2 / 2) / $2 : 0))
	repeat "$block" "$n"
}

whose() {
	case $1 in
	192.0.2.*) echo "her own line" ;;
	198.51.100.*) echo "the university" ;;
	*) echo "?" ;;
	esac
}

# show_row WHAT ROUTE SOURCE BYTES MAXIMUM
show_row() {
	local colour=$home
	[ "$2" = tun0 ] && colour=$tunnel
	printf '  %-15s%s%-8s%-16s%-17s%9s  %s%s\n' "$1" "$colour" "$2" "$3" "($(whose "$3"))" \
		"$(size "$4")" "$(bar "$4" "$5" 11)" "$off"
}

show_measured() {
	local most=$((library_bytes > peer_bytes ? library_bytes : peer_bytes))
	printf '\n  %s%-15s%-8s%-33s%9s%s\n' "$dim" "" "route" "the far host saw" "bytes" "$off"
	show_row "the library" "$library_route" "$library_source" "$library_bytes" "$most"
	show_row "bulk transfer" "$peer_route" "$peer_source" "$peer_bytes" "$most"
	printf '  %sthe VPN server forwarded %s to the campus and %s to the internet%s\n\n' "$dim" \
		"$(size "$campus_bytes")" "$(size "$transit_bytes")" "$off"
}

show_log() {
	printf '  %sthe log:%s %s\n\n' "$dim" "$off" "$(logged)"
}

# check SENTENCE CONDITION...: a verdict from what was measured.
check() {
	local sentence=$1
	shift
	if "$@"; then
		printf '  %s%s%s %s\n' "$green" "$yes" "$off" "$sentence"
	else
		printf '  %s%s %s%s\n' "$red" "$no" "$sentence" "$off"
		failures=$((failures + 1))
	fi
}

# field NAME RECORD: the value of one field of a session record.
field() {
	sed -n "s/.*\t$1=\([^\t]*\).*/\1/p" <<<"$2"
}

# records KIND: those that the plugin wrote down.
records() {
	grep -h "^$1	" "$room"/state/spool/*.spool || true
}

# Each session as it began and as it ended.
show_records() {
	local began ended
	printf '\n  %s%-8s%-10s%-18s%-18s%11s%11s%s\n' \
		"$dim" user profile "because of" address upload download "$off"
	while read -r began; do
		ended=$(records disconnected | grep "	session=$(field session "$began")	")
		printf '  %-8s%-10s%-18s%-18s%11s%11s\n' \
			"$(field user "$began")" "$(field profile "$began")" \
			"$(field by "$began")" "$(field vpn4 "$began")" \
			"$(size "$(field from_client "$ended")")" "$(size "$(field to_client "$ended")")"
	done < <(records connected)
	echo
}
