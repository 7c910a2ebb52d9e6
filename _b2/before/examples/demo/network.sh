# shellcheck shell=bash
# The demo's small world, in network namespaces that only the demo sees:
#
#   alice ─────────── internet ═══════════ vpn ─────────── library
#   192.0.2.20           │            198.51.100.65      198.51.100.10
#                       peer
#                   203.0.113.80
#
# 198.51.100.0/24 is the university's; its VPN users get addresses from .128 on.
# The VPN server has two lines to the internet: "outside", where the VPN's packets
# arrive, and "transit", which carries what it forwards for its users. Nobody
# translates addresses, so every host sees who really came.

# on HOST COMMAND...
on() {
	local host=$1
	shift
	nsenter --net="/run/netns/$host" "$@"
}

# The same, to be started with &: then $! is the command itself.
start_on() {
	local host=$1
	shift
	exec nsenter --net="/run/netns/$host" "$@"
}

# link HOST INTERFACE ADDRESS/BITS HOST INTERFACE ADDRESS/BITS
link() {
	ip link add "$2" netns "$1" type veth peer name "$5" netns "$4"
	ip -n "$1" addr add "$3" dev "$2"
	ip -n "$4" addr add "$6" dev "$5"
	ip -n "$1" link set "$2" up
	ip -n "$4" link set "$5" up
}

build_network() {
	local host
	for host in alice internet vpn library peer; do
		ip netns add "$host"
		ip -n "$host" link set lo up
	done
	link alice home0 192.0.2.20/24 internet to-alice 192.0.2.1/24
	link peer eth0 203.0.113.80/24 internet to-peer 203.0.113.1/24
	link vpn outside 198.51.100.65/26 internet to-outside 198.51.100.126/26
	link vpn transit 100.64.0.2/30 internet to-transit 100.64.0.1/30
	link vpn campus 198.51.100.1/26 library eth0 198.51.100.10/26

	ip -n alice route add default via 192.0.2.1
	ip -n peer route add default via 203.0.113.1
	ip -n library route add default via 198.51.100.1
	ip -n vpn route add default via 100.64.0.1
	ip -n vpn route add 192.0.2.0/24 via 198.51.100.126
	ip -n internet route add 198.51.100.0/24 via 100.64.0.2
	for host in internet vpn; do
		on "$host" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
		# Neighbour discovery would be counted.
		on "$host" sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6' 2>/dev/null || true
	done
}
