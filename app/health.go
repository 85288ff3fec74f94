package app

import (
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sportello/search"
	"sportello/store"
)

func (a *App) publicRoutes() []route {
	return []route{
		get("/healthz", "health.alive", guest, a.getHealthz),
		get("/readyz", "health.ready", guest, a.getReadyz),
		get("/metrics", "health.metrics", guest, a.getMetrics),
		get("/assets/:hash/*", "asset.show", guest, a.getAsset),
		get("/brand/:hash/colour.css", "brand.colour", guest, a.getBrandColour),
		get("/brand/:hash/logo", "brand.logo", guest, a.getBrandLogo),
		get("/live", "live.follow", person, a.getLive),
		post("/tickets/:n<int>/presence", "live.presence", person, a.postPresence, ""),
		post("/language", "language.choose", guest, a.postLanguage, ""),
	}
}

// getHealthz answers while the process is up.
func (a *App) getHealthz(c *fiber.Ctx) error { return c.SendString("ok\n") }

// readiness is the body of /readyz. Strangers see the status alone.
type readiness struct {
	Status string          `json:"status"` // ready, degraded, unavailable
	SetUp  *bool           `json:"set_up,omitempty"`
	Index  *indexReadiness `json:"index,omitempty"`
	Causes []cause         `json:"causes,omitempty"`
}

type indexReadiness struct {
	State  string `json:"state"`
	Behind uint64 `json:"behind"`
	Done   int    `json:"done,omitempty"` // of Total rows, while it is being built
	Total  int    `json:"total,omitempty"`
}

type cause struct {
	Part string `json:"part"`
	Text string `json:"text"`
}

// getReadyz answers 200 as long as pages can be served, whatever else is wrong, and 503 while stopping or when the
// store cannot be read.
func (a *App) getReadyz(c *fiber.Ctx) error {
	r := readiness{Status: "ready"}
	status := fiber.StatusOK
	add := func(part, text string) {
		r.Causes = append(r.Causes, cause{part, text})
		if r.Status == "ready" {
			r.Status = "degraded"
		}
	}
	ix := a.ix.State()
	r.Index = &indexReadiness{State: ix.State, Behind: ix.Behind}
	if ix.State == search.Rebuilding {
		r.Index.Done, r.Index.Total = ix.Done, ix.Total
	}
	if ix.State == "failed" {
		add("index", ix.Err)
	}
	if err := a.st.Fault(); err != nil {
		add("store", err.Error())
	}
	for _, c := range a.causes() {
		add(c.Part, c.Text)
	}
	if has, err := a.desk.HasAdministrator(); err != nil {
		add("store", err.Error())
		r.Status, status = "unavailable", fiber.StatusServiceUnavailable
	} else {
		r.SetUp = &has
	}
	if a.stopping.Load() {
		add("server", "stopping")
		r.Status, status = "unavailable", fiber.StatusServiceUnavailable
	}
	if !a.isLocal(c) {
		r = readiness{Status: r.Status}
	} else if r.Causes == nil {
		return c.Status(status).JSON(struct {
			readiness
			Causes []cause `json:"causes"`
		}{r, []cause{}})
	}
	return c.Status(status).JSON(r)
}

// getMetrics answers with the figures, for the addresses named in the configuration. To others it is not there.
func (a *App) getMetrics(c *fiber.Ctx) error {
	if !a.isLocal(c) {
		return store.Fail(store.NotFound, "error.not-found")
	}
	return adaptor.HTTPHandler(promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{}))(c)
}
