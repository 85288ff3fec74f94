package health

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sportello/app/watch"
	"sportello/app/web"
	"sportello/search"
	"sportello/store/fault"
)

// getHealthz answers 200 while the process runs.
func (a pages) getHealthz(r *web.Request) error { return r.SendString("ok\n") }

// Readiness is the body of /readyz. Clients outside the configured addresses see only the status.
type Readiness struct {
	Status string          `json:"status"` // ready, degraded, unavailable
	SetUp  *bool           `json:"set_up,omitempty"`
	Index  *indexReadiness `json:"index,omitempty"`
	Causes []watch.Cause   `json:"causes,omitempty"`
}

type indexReadiness struct {
	State  string `json:"state"`
	Behind uint64 `json:"behind"`
	Done   int    `json:"done,omitempty"` // of Total rows, during a rebuild
	Total  int    `json:"total,omitempty"`
}

// getReadyz answers 200 as long as pages can be served, whatever else fails. It answers 503 while the desk stops or
// when the store cannot be read.
func (a pages) getReadyz(r *web.Request) error {
	ready := Readiness{Status: "ready"}
	status := http.StatusOK
	add := func(part, text string) {
		ready.Causes = append(ready.Causes, watch.Cause{Part: part, Text: text})
		if ready.Status == "ready" {
			ready.Status = "degraded"
		}
	}
	ix := a.Index.State()
	ready.Index = &indexReadiness{State: ix.State, Behind: ix.Behind}
	if ix.State == search.Rebuilding {
		ready.Index.Done, ready.Index.Total = ix.Done, ix.Total
	}
	if ix.State == "failed" {
		add("index", ix.Err)
	}
	if err := a.Store.Fault(); err != nil {
		add("store", err.Error())
	}
	for _, c := range a.Watch.Causes() {
		add(c.Part, c.Text)
	}
	if has, err := a.Desk.People.HasAdministrator(); err != nil {
		add("store", err.Error())
		ready.Status, status = "unavailable", http.StatusServiceUnavailable
	} else {
		ready.SetUp = &has
	}
	if a.Stopping.Load() {
		add("server", "stopping")
		ready.Status, status = "unavailable", http.StatusServiceUnavailable
	}
	if !r.IsLocal() {
		ready = Readiness{Status: ready.Status}
	} else if ready.Causes == nil {
		return r.Status(status).JSON(struct {
			Readiness
			Causes []watch.Cause `json:"causes"`
		}{ready, []watch.Cause{}})
	}
	return r.Status(status).JSON(ready)
}

// getMetrics answers with the metrics to clients from the configured addresses. For others the page is not found.
func (a pages) getMetrics(r *web.Request) error {
	if !r.IsLocal() {
		return fault.New(fault.NotFound, "error.not-found")
	}
	return r.AnswerBy(promhttp.HandlerFor(a.Metrics.Registry, promhttp.HandlerOpts{}))
}
