# Everything a developer runs. `make test` is what CI runs.

GO      ?= go
export CGO_ENABLED ?= 0
LDFLAGS  = -s -w

.PHONY: build deps test check race peers fuzz crash journeys demo-moments measure stale times bench corpus relevance clean

build:
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o sportello .

# What the tests need and the machine may lack: Chromium, and axe-core for accessibility.
deps:
	@sh .ci/deps.sh

test: deps check
	$(GO) test -count=1 -timeout 40m ./...

# gofmt, vet, staticcheck, and gosec on what the binary is made of; that the example configuration, the routes and the
# imports hold are tests. The two tools are pinned in .ci/lint. An exception is argued on its line, after #nosec or
# //lint:ignore.
check:
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	@mkdir -p build && $(GO) build -C .ci/lint -o "$(CURDIR)/build/" ./gosec honnef.co/go/tools/cmd/staticcheck
	build/staticcheck ./...
	build/gosec -test=false $$($(GO) list -deps . | grep '^sportello')

# The race detector over the packages that run things at once. Of the whole process, the tests that have many at once.
race:
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 30m ./store/... ./search/... ./app/desk/... ./app/credential ./app/worktime ./app/markup/... ./app/mail/transport ./app/backup ./app/listen ./app/watch ./app/web/...
	CGO_ENABLED=1 $(GO) test -race -count=1 -timeout 30m -run 'Once|Live|Stream|Presence|Upload|Descriptors|Backup|Command|Watch|Stop' ./app

# Real servers beside the desk: Postfix, Dovecot and what else app/mail/peer starts. Run before a change of mail is done.
peers: deps
	$(GO) test -count=1 -timeout 30m -v -run 'RealServers|Mailbox|Sender|Inbox|Listener|Peer' ./app ./app/mail/...

# Each fuzz target for a while; FUZZTIME=10m for a night.
FUZZTIME ?= 20s
fuzz:
	@sh .ci/fuzz.sh $(FUZZTIME)

# Three hundred kills at random moments, and nine thousand folders as a power failure leaves them.
crash:
	SPORTELLO_CRASHES=300 $(GO) test -count=1 -timeout 60m -run 'Crash|PowerFailure' -v ./store/db ./app

# All of the tests of the whole process, every way they can go: each language with scripts and without, each page as each
# of its readers, light and dark. Two hours on two cores.
journeys: deps
	SPORTELLO_JOURNEYS=all $(GO) test -count=1 -timeout 180m ./app

# The demo, played at 2,000 moments of thirty years; SPORTELLO_DEMO_SEED plays those again of which it printed the seed.
MOMENTS ?= 2000
demo-moments:
	GOGC=400 SPORTELLO_DEMO_MOMENTS=$(MOMENTS) $(GO) test -count=1 -timeout 120m -v -run '^TestTheDemoStartsAtAnyMoment$$' ./app/sample

# What each page costs at so many tickets, over HTTP at fixed rates; see .ci/measure.sh. CREATE=1 opens tickets as well.
TICKETS ?= 100000
measure:
	sh .ci/measure.sh $(TICKETS)

# Ten thousand random changes, after each of which pages are read as they are kept and as they are when all is forgotten.
stale:
	SPORTELLO_STALE_ROUNDS=10000 $(GO) test -count=1 -timeout 120m -v -run '^TestNothingKeptIsEverStale$$' ./app

# Whether the time of an answer tells what is elsewhere: reported, never asserted, for a busy machine would be wrong.
times:
	SPORTELLO_TIMES=1 $(GO) test -count=1 -timeout 60m -v -run '^TestTimesOfWhatIsElsewhere$$' ./app

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...
	SPORTELLO_BIG_MIB=1945 $(GO) test -count=1 -v -run '^TestABigFileOfAnUpdate' ./app

# About 2,500 real help pages in Italian and as many in English, from Debian's packages.
corpus:
	@sh .ci/corpus.sh

# How well the search finds, on the index entries that the authors of those pages wrote, beside other engines.
relevance: corpus
	@dpkg -s python3-xapian >/dev/null 2>&1 || apt-get install -y python3-xapian >/dev/null 2>&1 || echo "python3-xapian is not there: its line stays empty"
	SPORTELLO_RELEVANCE=1 $(GO) test -count=1 -timeout 30m -v -run '^TestRelevance$$' ./app

clean:
	rm -rf sportello build
