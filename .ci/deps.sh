#!/bin/sh
# Installs what the tests need and the machine lacks: Chromium, Dovecot and Postfix (with apt-get, as root on Debian)
# and axe-core (with npm, into node_modules). Elsewhere it says plainly what is missing. With CI=true a missing piece is a failure.
set -u
cd "$(dirname "$0")/.."
missing=0

lacks() {
	echo "deps: $1" >&2
	missing=1
}

chromium_here() {
	for c in chromium chromium-browser google-chrome; do
		command -v "$c" >/dev/null 2>&1 && return 0
	done
	return 1
}

# install WHAT PACKAGE...: where it cannot, what is missing is said later.
install() {
	what=$1
	shift
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 0
	echo "deps: installing $what with apt-get"
	# Packages may want to start services; none is to be started for a test.
	made=0
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d && made=1
	fi
	log=$(mktemp)
	{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } >"$log" 2>&1 || tail -n 5 "$log" >&2
	[ "$made" = 1 ] && rm -f /usr/sbin/policy-rc.d
	rm -f "$log"
}

if ! chromium_here; then
	install Chromium chromium fonts-dejavu-core
	chromium_here || lacks "Chromium is missing: the browser tests cannot run. Install the package chromium."
fi

# The tests start their own on loopback, with their own configuration.
mail_here() {
	[ -x /usr/sbin/postfix ] && command -v dovecot >/dev/null 2>&1 && [ -x /usr/lib/dovecot/imap ] && [ -x /usr/lib/dovecot/lmtp ]
}

if ! mail_here; then
	install "Dovecot and Postfix" dovecot-imapd dovecot-lmtpd postfix
	mail_here || lacks "Dovecot or Postfix is missing: the mail tests cannot run. Install the packages dovecot-imapd, dovecot-lmtpd and postfix."
fi

axe=node_modules/axe-core/axe.min.js
if [ ! -f "$axe" ]; then
	if command -v npm >/dev/null 2>&1; then
		echo "deps: installing axe-core with npm"
		npm install --no-save --no-package-lock --no-audit --no-fund --ignore-scripts axe-core@4 >/dev/null 2>&1
	fi
	[ -f "$axe" ] || lacks "axe-core is missing: the accessibility tests cannot run. Run: npm install --no-save axe-core@4"
fi

if [ "$missing" = 1 ] && [ "${CI:-}" = true ]; then
	echo "deps: CI needs all of it" >&2
	exit 1
fi
exit 0
