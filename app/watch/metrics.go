package watch

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"sportello/app/credential"
	"sportello/app/listen"
	"sportello/search"
	"sportello/store/db"
)

// Metrics are the metrics of one desk, in their own registry.
type Metrics struct {
	Registry *prometheus.Registry
	requests *prometheus.HistogramVec
	Running  prometheus.Gauge
	Streams  prometheus.Gauge
}

// NewMetrics returns the metrics of the desk.
func NewMetrics(w *Watch) *Metrics {
	m := &Metrics{Registry: prometheus.NewRegistry()}
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sportello_request_seconds", Help: "Time to answer, by route, method and status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}, []string{"route", "method", "status"})
	m.Running = prometheus.NewGauge(prometheus.GaugeOpts{Name: "sportello_requests_running", Help: "Requests being answered."})
	m.Streams = prometheus.NewGauge(prometheus.GaugeOpts{Name: "sportello_live_streams", Help: "Open streams of live events."})
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	truth := func(is bool) float64 {
		if is {
			return 1
		}
		return 0
	}
	m.Registry.MustRegister(m.requests, m.Running, m.Streams, w.Commits.took, &watched{w},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("sportello_store_last_change", "Number of the newest change on disk.", func() float64 { return float64(w.Store.Last()) }),
		gauge("sportello_store_bytes", "Size of desk.db.", func() float64 {
			info, err := os.Stat(filepath.Join(w.Config.DataFolder(), "desk.db"))
			if err != nil {
				return 0
			}
			return float64(info.Size())
		}),
		gauge("sportello_memory_anon_bytes", "Memory of the process's own, without mapped files.", anonymousMemory),
		gauge("sportello_store_writes_waiting", "Writes that wait for the next commit.", func() float64 { return float64(w.Store.Waiting()) }),
		gauge("sportello_store_fault", "1 while nothing can be written.", func() float64 { return truth(w.Store.Fault() != nil) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "sportello_password_hashes_total", Help: "Passwords worked on since the start, each for some 20 ms of a core."},
			func() float64 { return float64(credential.Hashed()) }),
		gauge("sportello_disk_free_bytes", "Room on the disk of the data folder.", func() float64 {
			free, _, _ := listen.DiskSpace(w.Config.DataFolder())
			return float64(free)
		}),
		gauge("sportello_index_behind", "Changes that search does not know yet.", func() float64 { return float64(w.Index.State().Behind) }),
		gauge("sportello_index_documents", "Documents in the index.", func() float64 { return float64(w.Index.State().Docs) }),
		gauge("sportello_index_failed", "1 while the index has failed.", func() float64 { return truth(w.Index.State().State == search.Failed) }),
		gauge("sportello_errors_last_day", "Errors that went to the log in the last day, the same ones each time.", func() float64 {
			n := 0
			for _, t := range w.Troubles.LastDay(w.Now()) {
				n += t.Times
			}
			return float64(n)
		}))
	return m
}

// Request counts one response.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// watched collects metrics of jobs, followers of the change log, notices and backups when they are scraped.
type watched struct{ watch *Watch }

var (
	jobRuns     = prometheus.NewDesc("sportello_job_runs_total", "Runs of background work that ended well, by name.", []string{"job"}, nil)
	jobFailures = prometheus.NewDesc("sportello_job_failures_total", "Failures of background work, by name.", []string{"job"}, nil)
	jobLast     = prometheus.NewDesc("sportello_job_last_run_timestamp_seconds", "When background work last ended well.", []string{"job"}, nil)
	jobTook     = prometheus.NewDesc("sportello_job_last_run_seconds", "How long that took.", []string{"job"}, nil)
	queueBehind = prometheus.NewDesc("sportello_queue_behind", "Changes that a follower of the change log has not dealt with yet.", []string{"queue"}, nil)
	backupLast  = prometheus.NewDesc("sportello_backup_last_timestamp_seconds", "Moment of the newest backup.", nil, nil)
	backupBytes = prometheus.NewDesc("sportello_backup_last_bytes", "Size of the newest backup.", nil, nil)
	backupTook  = prometheus.NewDesc("sportello_backup_last_seconds", "How long the newest backup took.", nil, nil)
	backupCount = prometheus.NewDesc("sportello_backups", "Backups that are kept.", nil, nil)
	backupWrong = prometheus.NewDesc("sportello_backup_failed", "1 when the last attempt failed or the newest backup is too old.", nil, nil)
)

func (w *watched) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{jobRuns, jobFailures, jobLast, jobTook, queueBehind, backupLast, backupBytes, backupTook, backupCount, backupWrong} {
		ch <- d
	}
}

func (w *watched) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, j := range w.watch.Jobs.All() {
		ch <- prometheus.MustNewConstMetric(jobRuns, prometheus.CounterValue, float64(j.Runs), j.Name)
		ch <- prometheus.MustNewConstMetric(jobFailures, prometheus.CounterValue, float64(j.Failures), j.Name)
		if j.Runs > 0 {
			gauge(jobLast, float64(j.Last.Unix()), j.Name)
			gauge(jobTook, j.Took.Seconds(), j.Name)
		}
	}
	var cursors map[string]uint64
	if w.watch.Store.View(func(tx *db.Tx) error { cursors = tx.Cursors(); return nil }) == nil {
		last := w.watch.Store.Last()
		for name, at := range cursors {
			gauge(queueBehind, float64(last-min(at, last)), name)
		}
	}
	if !w.watch.Config.Backup.Scheduled() {
		return
	}
	b := w.watch.Backups.State()
	failed := 0.0
	if b.Wrong != "" {
		failed = 1
	}
	gauge(backupWrong, failed)
	gauge(backupCount, float64(b.Kept))
	if b.Newest != nil {
		gauge(backupLast, float64(b.Newest.At.Unix()))
		gauge(backupBytes, float64(b.Newest.Bytes()))
		gauge(backupTook, b.Newest.Took)
	}
}

// anonymousMemory returns RssAnon of this process in bytes, 0 where the system does not report it.
func anonymousMemory() float64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kb, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kb * 1024
		}
	}
	return 0
}
