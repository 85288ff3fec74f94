package api

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/installation"
	"sportello/app/desk/policy"
	"sportello/app/web"
	"sportello/app/web/program"
	"sportello/store"
	"sportello/store/fault"
)

// apiInstallation is a version that an organisation, or a unit of it, has in use.
type apiInstallation struct {
	Module      string `json:"module"`
	Unit        string `json:"unit,omitempty"` // by name; left out: the organisation as a whole
	Environment string `json:"environment"`    // test or production
	Version     string `json:"version"`
	Since       string `json:"since,omitempty"`    // a day
	Installs    string `json:"installs,omitempty"` // organisation, desk or supplier; left out: as it was, organisation at first
}

// apiInstallations lists what an organisation has installed.
func (a pages) apiInstallations(r *web.Request) error {
	list, err := a.Desk.Installations.List(r.Actor(), r.Param("code"))
	if err != nil {
		return err
	}
	return r.JSON(installationsAnswer(list))
}

func installationsAnswer(list installation.List) []apiInstallation {
	out := []apiInstallation{}
	for _, v := range list.Installed {
		one := apiInstallation{Module: v.Module.Code, Environment: v.Environment.String(), Version: v.Version, Installs: v.Installs.String()}
		if v.Unit != nil {
			one.Unit = v.Unit.Name
		}
		if !v.Since.IsZero() {
			one.Since = v.Since.Format(time.DateOnly)
		}
		out = append(out, one)
	}
	return out
}

// apiPutInstallations replaces what an organisation has installed, as far as the token's person may keep it.
func (a pages) apiPutInstallations(r *web.Request) error {
	code := r.Param("code")
	list, err := a.Desk.Installations.List(r.Actor(), code)
	if err != nil {
		return err
	}
	if !list.MayKeep { // before the values are looked at
		return policy.Denied(r.Actor())
	}
	var in []apiInstallation
	if err := program.ReadJSON(r, &in); err != nil {
		return err
	}
	var entries []installation.Entry
	var wrong fault.Problems
	for n, one := range in {
		field := func(name string) string { return fmt.Sprintf("%d.%s", n, name) }
		e := installation.Entry{Module: one.Module, Unit: one.Unit, Version: one.Version,
			Environment: entry.Coded[store.Environment](&wrong, field("environment"), one.Environment)}
		if one.Installs != "" {
			installs := entry.Coded[store.Installer](&wrong, field("installs"), one.Installs)
			e.Installs = &installs
		}
		if s := strings.TrimSpace(one.Since); s != "" {
			var err error
			if e.Since, err = time.Parse(time.DateOnly, s); err != nil {
				wrong.Add(field("since"), "error.date")
			}
		}
		entries = append(entries, e)
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	if err := a.Desk.Installations.Replace(r.Actor(), code, entries); err != nil {
		return err
	}
	r.Status(http.StatusOK)
	return a.apiInstallations(r)
}
