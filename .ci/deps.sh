#!/bin/sh
# Installs what the tests need and the machine lacks: Chromium (with apt-get, as root on Debian) and axe-core (with
# npm, into node_modules). Elsewhere it says plainly what is missing. With CI=true a missing piece is a failure.
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

if ! chromium_here; then
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
		echo "deps: installing Chromium with apt-get"
		# Packages may want to start services; none is to be started for a test.
		printf '#!/bin/sh\nexit 101\n' >/tmp/policy-rc.$$ && chmod +x /tmp/policy-rc.$$
		made=0
		if [ ! -e /usr/sbin/policy-rc.d ]; then
			cp /tmp/policy-rc.$$ /usr/sbin/policy-rc.d && made=1
		fi
		export DEBIAN_FRONTEND=noninteractive
		log=$(mktemp)
		{ apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } >"$log" 2>&1 || tail -n 5 "$log" >&2
		[ "$made" = 1 ] && rm -f /usr/sbin/policy-rc.d
		rm -f /tmp/policy-rc.$$ "$log"
	fi
	chromium_here || lacks "Chromium is missing: the browser tests cannot run. Install the package chromium."
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
