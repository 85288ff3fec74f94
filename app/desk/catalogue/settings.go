package catalogue

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // for the size of a logo
	_ "image/png"
	"io"
	"maps"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"sportello/app/desk/entry"
	"sportello/app/desk/policy"
	"sportello/store"
	"sportello/store/act"
	"sportello/store/db"
	"sportello/store/fault"
	"sportello/store/spelling"
)

// SettingsForm changes the parts that are not nil.
type SettingsForm struct {
	Branding *Branding
	Footer   *[]store.FooterLink
	Home     *Home
	Service  *Service
	Review   *[]uint64 // products whose articles are reviewed before they are published
	// Positions that people may have in an organisation. Rows without a name are left out; a row without a code gets one
	// made from its name. A position that somebody has stays: leaving it out is Conflict "error.position-in-use".
	Positions *[]store.Position
	Bands     *bool // plans say how others chose
}

// Branding is the desk's name and appearance.
type Branding struct {
	Name        string
	Institution string
	Short       string    // in the subject of mail; if empty, made from Name
	Colour      string    // #rrggbb; empty for the built-in one
	Logo        io.Reader // PNG, JPEG or WebP, at most 512 KiB; nil leaves the current logo
	NoLogo      bool      // removes the logo
}

// Home has the texts of the home page.
type Home struct {
	Welcome  store.Words
	Text     store.Words // Markdown
	Searches []string    // frequent searches
	Hours    store.Words // usual times
}

// Service says when tickets are due and when they close.
type Service struct {
	Matrix        map[string]int // "blocking/today" -> 1 to 4, all twelve
	HoursDue      map[string]int // "1" to "4" -> working hours
	DayBegins     int
	DayEnds       int
	CloseAfter    int // days
	ReopenWithin  int // days
	AccessMonths  int // for how long a decided request for credentials is kept; 0: as it is
	FetchedMonths int // for how long it is kept who fetched which file of an update; 0: as it is
	ListMonths    int // after how long coordinators confirm the list of their people again; 0: as it is
	ListDays      int // how many days before they are asked to; 0: as it is
}

// MaxLogo is the maximum size of a logo in bytes.
const MaxLogo = 512 << 10

const (
	maxLogoSide = 4000 // pixels
)

var (
	maxFooter   = store.SettingsTable.Most("footer")
	maxSearches = store.SettingsTable.Most("searches")
	maxHomeText = store.SettingsTable.Most("home_text.it")
)

// ChangeSettings changes the parts that the form contains. Only administrators may call it. saw is the revision the
// actor saw; 0 skips the check. A colour on which white text is not legible is Invalid "error.colour-contrast" with the
// argument nearest, the closest legible colour.
func (ct *Catalogue) ChangeSettings(a policy.Actor, saw uint64, f SettingsForm) (*store.Settings, error) {
	if err := policy.MayAdminister(a); err != nil {
		return nil, err
	}
	var wrong fault.Problems
	logo, kind := "", ""
	if f.Branding != nil && f.Branding.Logo != nil {
		var err error
		if logo, kind, err = ct.keepLogo(f.Branding.Logo); err != nil {
			e, ok := errors.AsType[*fault.Error](err)
			if !ok || e.Field == "" {
				return nil, err
			}
			wrong = append(wrong, e)
		}
	}
	if f.Positions != nil {
		if err := ct.positionsUnused(*f.Positions); err != nil {
			return nil, err
		}
	}
	var out *store.Settings
	err := ct.st.Update(a.By(act.ChangeSettings), func(tx *db.Tx) error {
		set, err := store.StoredSettings(tx)
		if err != nil {
			return err
		}
		if err := entry.SameRev(saw, set.Rev); err != nil {
			return err
		}
		found := append(fault.Problems(nil), wrong...)
		if f.Branding != nil {
			f.Branding.fill(set, logo, kind, &found)
		}
		if f.Footer != nil {
			set.Footer = checkFooter(*f.Footer, &found)
		}
		if f.Home != nil {
			f.Home.fill(set, &found)
		}
		if f.Service != nil {
			f.Service.fill(set, &found)
		}
		if f.Bands != nil {
			set.BandsOff = !*f.Bands
		}
		if f.Positions != nil {
			set.Positions = positions(*f.Positions, &found)
		}
		if f.Review != nil {
			if set.ReviewModules, err = products(tx, *f.Review, &found); err != nil {
				return err
			}
		}
		if err := found.Err(); err != nil {
			return err
		}
		if err := store.SettingsTable.Put(tx, set); err != nil {
			return err
		}
		out = set.WithDefaults()
		return nil
	})
	return out, err
}

func (b *Branding) fill(set *store.Settings, logo, kind string, wrong *fault.Problems) {
	set.Name = entry.CleanLine(wrong, "name", b.Name, store.SettingsTable.Most("name"))
	if set.Name == "" {
		wrong.Add("name", "error.required")
	}
	set.Institution = entry.CleanLine(wrong, "institution", b.Institution, entry.MaxName)
	if set.Short = entry.CleanLine(wrong, "short", b.Short, store.MaxShort); strings.ContainsAny(set.Short, "[]()#") {
		wrong.Add("short", "error.short-name")
	}
	set.Colour = checkColour(wrong, b.Colour)
	switch {
	case b.NoLogo:
		set.Logo, set.LogoType = "", ""
	case logo != "":
		set.Logo, set.LogoType = logo, kind
	}
}

// keepLogo stores a picture after checking its content. An error about the content names the field.
func (ct *Catalogue) keepLogo(r io.Reader) (sum, kind string, err error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxLogo+1))
	if err != nil {
		return "", "", fmt.Errorf("desk: read logo: %w", err)
	}
	if len(raw) > MaxLogo {
		return "", "", fault.New(fault.TooLarge, "error.logo-size", "kilobytes", MaxLogo>>10).At("logo")
	}
	kind = mimetype.Detect(raw).String()
	bad := fault.New(fault.Invalid, "error.logo-type").At("logo")
	switch kind {
	case "image/png", "image/jpeg":
		c, _, err := image.DecodeConfig(bytes.NewReader(raw))
		if err != nil || c.Width > maxLogoSide || c.Height > maxLogoSide {
			return "", "", bad
		}
	case "image/webp":
	default:
		return "", "", bad
	}
	blob, err := ct.st.PutBlob(bytes.NewReader(raw), MaxLogo)
	return blob.Sum, kind, err
}

// Logo opens the desk's logo, or returns a NotFound error when it has none. The caller closes the file. Everyone may
// call it.
func (ct *Catalogue) Logo() (f *os.File, kind string, err error) {
	set, err := ct.Settings()
	if err != nil {
		return nil, "", err
	}
	if set.Logo == "" {
		return nil, "", fault.New(fault.NotFound, "error.not-found")
	}
	f, err = ct.st.OpenBlob(set.Logo)
	return f, set.LogoType, err
}

// leastContrast is the contrast that WCAG requires between text and its background.
const leastContrast = 4.5

func checkColour(wrong *fault.Problems, s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" {
		return ""
	}
	rgb, ok := readColour(s)
	if !ok {
		wrong.Add("colour", "error.colour")
		return ""
	}
	if contrastToWhite(rgb) < leastContrast {
		wrong.Add("colour", "error.colour-contrast", "nearest", hexColour(nearestReadable(rgb)))
	}
	return hexColour(rgb)
}

func readColour(s string) ([3]uint8, bool) {
	s, ok := strings.CutPrefix(s, "#")
	if len(s) == 3 {
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	}
	n, err := strconv.ParseUint(s, 16, 32)
	if !ok || err != nil || len(s) != 6 {
		return [3]uint8{}, false
	}
	return [3]uint8{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true // #nosec G115 -- the low byte is what is wanted
}

func hexColour(c [3]uint8) string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// contrastToWhite returns the WCAG 2.1 contrast between the colour and white, from 1 to 21.
func contrastToWhite(c [3]uint8) float64 {
	linear := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 1.05 / (0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2]) + 0.05)
}

// nearestReadable returns the colour darkened, with the same hue, just enough to make white text legible on it.
func nearestReadable(c [3]uint8) [3]uint8 {
	for k := 1000; k > 0; k-- {
		dark := [3]uint8{}
		for i := range c {
			dark[i] = uint8(int(c[i]) * k / 1000) // #nosec G115 -- k is at most 1000
		}
		if contrastToWhite(dark) >= leastContrast {
			return dark
		}
	}
	return [3]uint8{}
}

// checkFooter returns the cleaned links, without those that have neither label nor address. Problems are named
// footer-N.
func checkFooter(in []store.FooterLink, wrong *fault.Problems) []store.FooterLink {
	var out []store.FooterLink
	for i, l := range in {
		field := "footer-" + strconv.Itoa(i+1)
		l.Address = strings.TrimSpace(l.Address)
		var label fault.Problems
		l.Label = entry.CleanWords(&label, field, l.Label, entry.MaxShort)
		for _, e := range label {
			*wrong = append(*wrong, e.At(field))
		}
		if l.Label == (store.Words{}) && l.Address == "" {
			continue
		}
		if l.Label == (store.Words{}) {
			wrong.Add(field, "error.required")
		}
		if !linkAddress(l.Address) {
			wrong.Add(field, "error.link")
		}
		out = append(out, l)
	}
	if len(out) > maxFooter {
		wrong.Add("footer", "error.too-many-of", "max", maxFooter)
	}
	return out
}

// linkAddress reports whether s may be the target of an administrator's link: a web address, an e-mail address with
// mailto:, or a path of this desk.
func linkAddress(s string) bool {
	if to, ok := strings.CutPrefix(s, "mailto:"); ok {
		return entry.IsAddress(spelling.Address(to))
	}
	if strings.HasPrefix(s, "/") {
		return !strings.HasPrefix(s, "//") && !strings.ContainsAny(s, "\\ \"<>") && len(s) <= entry.MaxURL
	}
	return entry.WebAddress(s, "https", "http")
}

func (h *Home) fill(set *store.Settings, wrong *fault.Problems) {
	set.Welcome = entry.CleanWords(wrong, "welcome", h.Welcome, entry.MaxName)
	set.HomeText = entry.CleanTexts(wrong, "text", h.Text, maxHomeText)
	set.Hours = entry.CleanWords(wrong, "hours", h.Hours, entry.MaxName)
	set.Searches = entry.CleanLines(h.Searches)
	for _, s := range set.Searches {
		entry.CleanLine(wrong, "searches", s, store.SettingsTable.MostOfEach("searches"))
	}
	if len(set.Searches) > maxSearches {
		wrong.Add("searches", "error.too-many-of", "max", maxSearches)
	}
}

func (s *Service) fill(set *store.Settings, wrong *fault.Problems) {
	for cell := range store.DefaultMatrix {
		if p, ok := s.Matrix[cell]; !ok || p < 1 || p > 4 {
			wrong.Add("matrix-"+strings.ReplaceAll(cell, "/", "-"), "error.range", "min", 1, "max", 4)
		}
	}
	for cell := range s.Matrix {
		if _, ok := store.DefaultMatrix[cell]; !ok {
			wrong.Add("matrix", "error.code", "value", cell)
		}
	}
	between := func(field string, n, from, to int) {
		if n < from || n > to {
			wrong.Add(field, "error.range", "min", from, "max", to)
		}
	}
	for p := range store.DefaultHoursDue {
		between("hours-due-"+p, s.HoursDue[p], 1, 1000)
	}
	between("day-begins", s.DayBegins, 0, 23)
	between("day-ends", s.DayEnds, 1, 24)
	if s.DayEnds <= s.DayBegins {
		wrong.Add("day-ends", "error.day-ends")
	}
	between("close-after", s.CloseAfter, 1, 365)
	between("reopen-within", s.ReopenWithin, 1, 365)
	for _, rule := range []struct {
		field      string
		said, most int
		to         *int
	}{{"access-months", s.AccessMonths, 120, &set.AccessMonths}, {"fetched-months", s.FetchedMonths, 120, &set.FetchedMonths}, {"list-months", s.ListMonths, 120, &set.ListMonths}, {"list-days", s.ListDays, 90, &set.ListDays}} {
		if rule.said != 0 {
			between(rule.field, rule.said, 1, rule.most)
			*rule.to = rule.said
		}
	}
	set.Matrix = maps.Clone(s.Matrix)
	set.WorkingHours = maps.Clone(s.HoursDue)
	set.DayBegins, set.DayEnds, set.CloseAfter, set.ReopenWithin = s.DayBegins, s.DayEnds, s.CloseAfter, s.ReopenWithin
}

func products(tx *db.Tx, ids []uint64, wrong *fault.Problems) (map[uint64]bool, error) {
	levels, err := All(tx)
	if err != nil {
		return nil, err
	}
	top := map[uint64]bool{}
	for _, l := range levels {
		if l.Depth == 0 {
			top[l.ID] = true
		}
	}
	var out map[uint64]bool
	for _, id := range ids {
		if !top[id] {
			wrong.Add("review", "error.module-unknown")
			continue
		}
		if out == nil {
			out = map[uint64]bool{}
		}
		out[id] = true
	}
	return out, nil
}

// Settings returns the administrator's settings of the desk.
func (ct *Catalogue) Settings() (*store.Settings, error) {
	var s *store.Settings
	err := ct.st.View(func(tx *db.Tx) error { s = store.CurrentSettings(tx); return nil })
	return s, err
}
