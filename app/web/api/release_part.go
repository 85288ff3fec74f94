package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"sportello/app/desk/entry"
	"sportello/app/desk/release"
	"sportello/app/web/program"
	"sportello/app/web/schema"
	"sportello/store"
	"sportello/store/fault"
)

type apiNorm struct {
	Text string `json:"text"`
	Date string `json:"date,omitempty"` // the day on which it takes effect
}

// apiDays are the days by which a release is to be installed.
type apiDays struct {
	Test       string `json:"test,omitempty"`
	Production string `json:"production,omitempty"`
}

type apiStop struct {
	From   *time.Time    `json:"from"`
	Until  *time.Time    `json:"until"`
	Latest *time.Time    `json:"latest,omitempty"`
	Text   program.Words `json:"text,omitzero"`
}

// apiStopForm is apiStop as a program writes it.
type apiStopForm struct {
	From   string        `json:"from,omitempty"`
	Until  string        `json:"until,omitempty"`
	Latest string        `json:"latest,omitempty"`
	Text   program.Words `json:"text,omitzero"`
}

type apiWayBack struct {
	Kind  store.Back    `json:"kind"` // until, restore or none
	Until *time.Time    `json:"until,omitempty"`
	Text  program.Words `json:"text,omitzero"`
}

// apiBackForm is apiWayBack as a program writes it.
type apiBackForm struct {
	Kind  string        `json:"kind,omitempty"`
	Until string        `json:"until,omitempty"`
	Text  program.Words `json:"text,omitzero"`
}

// apiNeed is what must be there before a release is installed: the number of another one, or a version in words.
type apiNeed store.Need

// MarshalJSON writes a number for a release, a string for a version.
func (n apiNeed) MarshalJSON() ([]byte, error) {
	if n.Release != 0 {
		return json.Marshal(n.Release)
	}
	return json.Marshal(n.Version)
}

// UnmarshalJSON reads a number as a release, a string as a version.
func (n *apiNeed) UnmarshalJSON(b []byte) error {
	*n = apiNeed{}
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &n.Version)
	}
	return json.Unmarshal(b, &n.Release)
}

func (apiNeed) OpenSchema(*schema.Set) schema.Object {
	return schema.Object{"type": []any{"string", "integer"}}
}

// apiAudience is whom a release is for.
type apiAudience struct {
	All           bool             `json:"all,omitempty"`
	Organisations []string         `json:"organisations,omitempty"` // codes
	Installed     apiInstalledList `json:"installed,omitempty"`
}

// apiInstalled is a range of versions: from is included, until is not.
type apiInstalled struct {
	Module      string `json:"module,omitempty"`      // left out: any of the release's
	Environment string `json:"environment,omitempty"` // left out: any
	From        string `json:"from,omitempty"`
	Until       string `json:"until,omitempty"`
}

// apiInstalledList is one range, or a list of them.
type apiInstalledList []apiInstalled

// MarshalJSON writes a single range without a list around it.
func (l apiInstalledList) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return json.Marshal(l[0])
	}
	return json.Marshal([]apiInstalled(l))
}

// UnmarshalJSON reads one range or a list of them.
func (l *apiInstalledList) UnmarshalJSON(b []byte) error {
	*l = nil
	if len(b) > 0 && b[0] == '[' {
		return program.Strictly(b, (*[]apiInstalled)(l))
	}
	var one apiInstalled
	if err := program.Strictly(b, &one); err != nil {
		return err
	}
	*l = apiInstalledList{one}
	return nil
}

func (apiInstalledList) OpenSchema(s *schema.Set) schema.Object {
	one := s.Of(reflect.TypeFor[apiInstalled]())
	return schema.Object{"oneOf": []any{one, schema.Object{"type": "array", "items": one}}}
}

func (in *apiAudience) audience(wrong *fault.Problems) release.Audience {
	out := release.Audience{All: in.All, Organisations: in.Organisations}
	for n, one := range in.Installed {
		span := release.Installed{Module: one.Module, From: one.From, Until: one.Until}
		if strings.TrimSpace(one.Environment) != "" {
			span.Environment = entry.Coded[store.Environment](wrong, field("audience.installed", n, "environment"), one.Environment)
		}
		out.Installed = append(out.Installed, span)
	}
	return out
}

func audienceAnswer(in release.Audience) *apiAudience {
	out := &apiAudience{All: in.All, Organisations: in.Organisations}
	for _, one := range in.Installed {
		i := apiInstalled{Module: one.Module, From: one.From, Until: one.Until}
		if one.Environment != store.EnvironmentNone {
			i.Environment = one.Environment.String()
		}
		out.Installed = append(out.Installed, i)
	}
	return out
}
