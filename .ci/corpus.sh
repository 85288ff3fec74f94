#!/bin/sh
# Fetches Debian's LibreOffice help pages, Italian and English, and unpacks them into corpus/ (ignored by git).
set -eu
cd "$(dirname "$0")/.."
mkdir -p corpus/packages
cd corpus/packages
for p in libreoffice-help-it libreoffice-help-en-us; do
	if ! ls "$p"_*.deb >/dev/null 2>&1; then
		apt-get download "$p"
	fi
	for deb in "$p"_*.deb; do
		dpkg-deb -x "$deb" "../$p"
	done
done
cd ..
for l in it en-US; do
	dir=$(find . -type d -path "*/help/$l/text" | head -n 1)
	echo "corpus/${dir#./}: $(find "$dir" -name '*.html' | wc -l) pages"
done
