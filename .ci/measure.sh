#!/bin/sh
# What pages cost at so many tickets: sh .ci/measure.sh TICKETS [SECONDS]. The desk is generated once, into
# build/measure-TICKETS, with three hundred articles; each kind of page is then read for SECONDS at a fixed rate, and some
# as fast as they come. Creating is measured last and only where CREATE is set, for it adds to the desk.
set -e
tickets=${1:-100000}
seconds=${2:-10}
port=${PORT:-18480}
here=$PWD/build
dir=$here/measure-$tickets
mkdir -p "$here"
go build -o "$here/sportello" .
s=$here/sportello
if ! [ -e "$dir/accounts" ]; then
	rm -rf "$dir"
	mkdir -p "$dir/articles"
	awk 'BEGIN {
		srand(5)
		n = split("cedolino stipendio fattura elettronica missione rimborso timesheet budget variazione password conguaglio progetto ordinativo certificazione chiusura esercizio catalogo documento protocollo firma utente abilitazione anagrafica studente esame appello verbale carriera iscrizione tassa pagamento mandato inventario contratto presenza ferie permesso ricerca dottorato docente corso orario stampa modulo errore maschera salvataggio accesso sessione browser certificato archivio allegato posta notifica scadenza configurazione parametro versione aggiornamento", w, " ")
		m = split("il la di da in con su per che non si come quando dopo prima ogni questo deve viene aprire scegliere premere compilare controllare inviare salvare stampare verificare", g, " ")
		for (i = 0; i < 300; i++) {
			file = ARGV[1] "/" i ".html"
			title = w[1+int(rand()*n)] " " w[1+int(rand()*n)] " " w[1+int(rand()*n)] " " i
			printf "<html lang=it><head><title>%s</title></head><body><main><h1>%s</h1>", title, title > file
			for (p = 0; p < 6; p++) {
				printf "<p>" > file
				for (k = 0; k < 60; k++) printf "%s ", (rand() < .35 ? w[1+int(rand()*n)] : g[1+int(rand()*m)]) > file
				printf ".</p>" > file
			}
			print "</main></body></html>" > file
			close(file)
		}
	}' "$dir/articles"
	$s generate --tickets "$tickets" --data "$dir/data" 2>/dev/null > "$dir/printed"
	$s import articles --data "$dir/data" --language it "$dir/articles" > /dev/null
	grep @ "$dir/printed" > "$dir/accounts"
fi
agent=$(awk '/^agent/ {print $2; exit}' "$dir/accounts")
requester=$(awk '/^requester/ {print $2; exit}' "$dir/accounts")
SPORTELLO_LISTEN=127.0.0.1:$port SPORTELLO_LOG_LEVEL=warn $s serve --data "$dir/data" > "$dir/log" 2>&1 &
server=$!
trap 'kill $server' EXIT
url=http://127.0.0.1:$port
until curl -s $url/readyz | grep -q following; do sleep 1; done
agent_token=$($s token create --data "$dir/data" --person "$agent" --name measure --expires 1d)
requester_token=$($s token create --data "$dir/data" --person "$requester" --name measure --expires 1d)
one() { # name, page, who, rate, clients
	case $3 in
	*_token) eval "who=\$$3"; set -- "$1" "$2" --token "$who" "$4" "$5" ;;
	*) grep "^$3" "$dir/accounts" > "$dir/$3"; set -- "$1" "$2" --accounts "$dir/$3" "$4" "$5" ;;
	esac
	$s load --url $url "$3" "$4" --page "$2" --rate "$5" --clients "$6" --duration "${seconds}s" 2>/dev/null > "$dir/out" || true
	awk -v name="$1" -v load="$(cut -d' ' -f1 /proc/loadavg)" '/processor time/ {cpu = $2} /answers in/ {rate = $(NF-2)} $1 != "PAGE" && NF >= 7 && $2 ~ /^[0-9]+$/ && $3 ~ /\./ {p50 = $3; p99 = $5; kb = $7}
		END {printf "%-26s p50 %8s ms  p99 %8s ms  %5s/s  desk %6s ms each  %5s kB  load %s\n", name, p50, p99, rate, cpu, kb, load}' "$dir/out"
}
one "ticket, agent" ticket agent 60 8
one "ticket, requester" ticket requester 60 8
one "queue, 50 rows" queue agent 60 8
one "search, agent" search agent 20 8
one "search, requester" search requester 20 8
one "home, requester" home requester 60 8
one "article" article requester 60 8
one "API: one ticket" api-ticket agent_token 60 8
one "API: list of 50" api-tickets agent_token 20 8
one "API: search" api-search agent_token 20 8
one "ticket, 16 clients" ticket agent 0 16
one "queue, 16 clients" queue agent 0 16
if [ -n "$CREATE" ]; then
	one "POST tickets, 1 client" api-create requester_token 0 1
	one "POST tickets, 64 clients" api-create requester_token 0 64
fi
curl -s $url/metrics | awk '/^sportello_memory_anon_bytes/ {printf "memory of its own: %.0f MB\n", $2/1e6}'
