package changelog

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// told is a version in short: what its heading said.
func told(v Version) string {
	var b strings.Builder
	b.WriteString(v.Version)
	if !v.Date.IsZero() {
		b.WriteString(" of " + v.Date.Format(time.DateOnly))
	}
	if v.Title != "" {
		fmt.Fprintf(&b, " called %s", v.Title)
	}
	if v.Yanked {
		b.WriteString(" yanked")
	}
	if v.Unreleased {
		b.WriteString(" unreleased")
	}
	return strings.TrimSpace(b.String())
}

func mustRead(t *testing.T, text string) ([]Version, []Problem) {
	t.Helper()
	versions, problems, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return versions, problems
}

func TestAHeadingIsAVersionByWhatItSays(t *testing.T) {
	for source, want := range map[string]string{
		"## [1.2.0] - 2024-03-01":            "1.2.0 of 2024-03-01",
		"## [Unreleased]":                    "unreleased",
		"## Unreleased":                      "unreleased",
		"## Non rilasciato":                  "unreleased",
		"## main / unreleased":               "unreleased",
		`## \[Unreleased\]`:                  "unreleased",
		"## [Unreleased] (1.11.1)":           "1.11.1 unreleased",
		"## 1.2.0 - Unreleased":              "1.2.0 unreleased",
		"## v1.3.13(TBD)":                    "1.3.13 unreleased",
		"## [1.2.0] - YYYY-MM-DD":            "1.2.0 unreleased",
		"## 1.2.0 [YANKED]":                  "1.2.0 yanked",
		"## [0.0.5] - 2014-12-13 [YANKED]":   "0.0.5 of 2014-12-13 yanked",
		"## 23.10.02.00 (ritirato)":          "23.10.02.00 yanked",
		"7.3.2 / 2019-04-17\n====":           "7.3.2 of 2019-04-17",
		"1.9.0 2024-04-04\n----------------": "1.9.0 of 2024-04-04",
		"### [1.0.1](https://a.example/c/v1.0.0...v1.0.1) (2024-01-16)": "1.0.1 of 2024-01-16",
		"#### v1.2\n> 2024-03-01":                          "1.2 of 2024-03-01",
		"#### v1.2\n\n_Rilasciata il 1º marzo 2024_":       "1.2 of 2024-03-01",
		"## v1.2\n### 2024-03-01":                          "1.2 of 2024-03-01",
		"# 1.0.0":                                          "1.0.0",
		"##1.0.0":                                          "1.0.0",
		"## 1.0.0 ##":                                      "1.0.0",
		"## 1.0.0 - Apr 29, 2019":                          "1.0.0 of 2019-04-29",
		"## 1.0.0 (April 29th, 2019)":                      "1.0.0 of 2019-04-29",
		"## 1.0.0, Mon, 29 Apr 2019":                       "1.0.0 of 2019-04-29",
		"## Versione 23.10.02.00 del 29 aprile 2019":       "23.10.02.00 of 2019-04-29",
		"## Versione 23.10.02.00 del 29.04.2019":           "23.10.02.00 of 2019-04-29",
		"## 1.15.1 / 2023-05-3":                            "1.15.1 of 2023-05-03",
		"## 1.0.0 (2024-03-01T10:00:00Z)":                  "1.0.0 of 2024-03-01",
		"## 1.0.0 - 2024/03/01":                            "1.0.0 of 2024-03-01",
		"## 2024-03-01 - v1.2.0":                           "1.2.0 of 2024-03-01",
		"## v1.1.1 released 2024-06-23":                    "1.1.1 of 2024-06-23",
		"# Douceur\n### Douceur 0.2.0 _(August 27, 2015)_": "0.2.0 of 2015-08-27",
		"# Contabilità\n## Contabilità 23.10":              "23.10",
		"## @scope/pack@1.2.0":                             "1.2.0",
		"## 🚀 v2.0.0 — Primavera":                          "2.0.0 called Primavera",
		"## [1.2.0] - 2024-03-01 - Primavera":              "1.2.0 of 2024-03-01 called Primavera",
		"## 1.2.0: the spring release":                     "1.2.0 called the spring release",
		"## 24.0 RC 2":                                     "24.0 RC 2",
		"## 10.2.0.4 PSU 3 (2010-07-13)":                   "10.2.0.4 PSU 3 of 2010-07-13",
		"## 23.10.01.00 (hotfix 2)":                        "23.10.01.00 (hotfix 2)",
		"## 4.1.2+ (Build: 20230315)":                      "4.1.2+ (Build: 20230315)",
		"## R12.1.3 - 2012-08-01":                          "R12.1.3 of 2012-08-01",
		"## 19c":                                           "19c",
		"## 1.8.0_202":                                     "1.8.0_202",
		"## 1.0.0-beta.11+exp.sha":                         "1.0.0-beta.11+exp.sha",
		"## 2024.10":                                       "2024.10",
		"## 2024-03-01":                                    "2024-03-01 of 2024-03-01",
		"## `v3.0.0`":                                      "3.0.0",
		`## <a name="1.2.0"></a>1.2.0 (2024-01-02)`:        "1.2.0 of 2024-01-02",
		"**v1.2.0 (2024-01-02)**":                          "1.2.0 of 2024-01-02",
		"## v2":                                            "2",
		"\ufeff# 1.0.0":                                    "1.0.0",
		"---\ntitle: Novità\n---\n## 1.0.0":                "1.0.0",
		"## 1.0.0\r\n\r\n- a\r\n":                          "1.0.0",

		// and these are none, nor is anything refused
		"## What's Changed":                       "",
		"## 2 new features":                       "",
		"### 1. Installing":                       "",
		"### 1.2. Installing":                     "",
		"## Upgrading from v1":                    "",
		"## 2024":                                 "",
		"## 2nd release":                          "",
		"## 10 minutes to read":                   "",
		"1.0.0 is not a heading":                  "",
		"- 1.0.0\n----":                           "",
		"> ## 1.0.0":                              "",
		"    # 1.0.0":                             "",
		"```\n# 1.0.0\n```":                       "",
		"<!--\n# 1.0.0\n-->":                      "",
		"# Changelog\n\n#### Go 1.22 is required": "",
		"": "",
	} {
		versions, problems := mustRead(t, source)
		got := ""
		for i, v := range versions {
			if i > 0 {
				got += " | "
			}
			got += told(v)
		}
		if got != want || len(problems) > 0 {
			t.Errorf("%q: %q, not %q (%v)", source, got, want, problems)
		}
	}
}

func TestWhatIsInDoubtIsDecidedByTheOthersOfTheFile(t *testing.T) {
	for source, want := range map[string][]string{
		"## 1.2.0\n### 1.1 Installing\n## 1.1.0":                         {"1.2.0", "1.1.0"}, // a numbered part of what is told
		"## 5.6 Simone\ntext\n## 5.5 - 2020-08-11":                       {"5.6 called Simone", "5.5 of 2020-08-11"},
		"## 1.2.0\n### 2024-05-06 was hard\n## 1.1.0":                    {"1.2.0", "1.1.0"},
		"## 1.1.0\n### 1.0.1\n## 1.0.0":                                  {"1.1.0", "1.0.1", "1.0.0"}, // patch versions are deeper
		"# 2024\n## 1.1.0\n# 2023\n## 1.0.0":                             {"1.1.0", "1.0.0"},
		"# App\n## 1.1.0\n### Requires Go 1.22\n## 1.0.0":                {"1.1.0", "1.0.0"},
		"## App 1.1\n## App 1.0":                                         {"1.1", "1.0"},
		"## 1.1.0\n**1.0.9**\n## 1.0.0":                                  {"1.1.0", "1.0.0"}, // bold words are words
		"**1.1.0**\n- a\n\n**1.0.0**\n- b":                               {"1.1.0", "1.0.0"}, // unless nothing else is there
		"## 1.1.0\n```\nnever ended\n## 1.0.0":                           {"1.1.0", "1.0.0"},
		"## 1.1.0\n<!-- never ended\n## 1.0.0":                           {"1.1.0", "1.0.0"},
		"## 1.1.0\n```sh\n# 9.9.9\n````\n## 1.0.0":                       {"1.1.0", "1.0.0"},
		"- a\n1.1.0 / 2020-01-02\n===\n- b\n1.0.0 / 2019-01-02\n=======": {"1.1.0 of 2020-01-02", "1.0.0 of 2019-01-02"},
	} {
		versions, problems := mustRead(t, source)
		var got []string
		for _, v := range versions {
			got = append(got, told(v))
		}
		if d := cmp.Diff(want, got); d != "" || len(problems) > 0 {
			t.Errorf("%q: %s%v", source, d, problems)
		}
	}
}

func TestADateThatMayBeTwoIsRefusedByLineUnlessAnotherDateDecides(t *testing.T) {
	for _, c := range []struct {
		source   string
		want     []string
		problems []Problem
	}{
		{"## 1.1\n\n## 1.0 - 03/04/2024\n- lost", []string{"1.1"}, []Problem{{3, "1.0 - 03/04/2024", AmbiguousDate}}},
		{"## 1.1 - 13/04/2024\n## 1.0 - 03/04/2024", []string{"1.1 of 2024-04-13", "1.0 of 2024-04-03"}, nil},
		{"## 1.1 - 04/13/2024\n## 1.0 - 03/04/2024", []string{"1.1 of 2024-04-13", "1.0 of 2024-03-04"}, nil},
		{"## 1.1 - 04/13/2024\n## 1.0 - 03-04-2024", []string{"1.1 of 2024-04-13", "1.0 of 2024-03-04"}, nil},
		{"## 1.2 - 13/04/2024\n## 1.1 - 04/13/2024\n## 1.0 - 03/04/2024", []string{"1.2 of 2024-04-13", "1.1 of 2024-04-13"}, []Problem{{3, "1.0 - 03/04/2024", AmbiguousDate}}},
		{"## 1.0 - 04/04/2024", []string{"1.0 of 2024-04-04"}, nil},
		{"## 1.0\n> 03/04/2024", nil, []Problem{{1, "1.0", AmbiguousDate}}},
		{"## 1.0 - 13/04/24", nil, []Problem{{1, "1.0 - 13/04/24", AmbiguousDate}}},
		{"## 1.0 - 2024-02-30", nil, []Problem{{1, "1.0 - 2024-02-30", NoSuchDate}}},
		{"## 1.0 - 31 aprile 2024", nil, []Problem{{1, "1.0 - 31 aprile 2024", NoSuchDate}}},
		{"## 1.0 - 30/02/2024", nil, []Problem{{1, "1.0 - 30/02/2024", NoSuchDate}}},
		{"## 1.0 - 13/13/2024", nil, []Problem{{1, "1.0 - 13/13/2024", NoSuchDate}}},
		{"## 1.0\n- a\n## dev / 2014-07-09\n- lost\n## 0.9", []string{"1.0", "0.9"}, []Problem{{3, "dev / 2014-07-09", NoVersion}}},
		{"## 1.0\n- a\n## 1.0\n- lost", []string{"1.0"}, []Problem{{3, "1.0", Twice}}},
	} {
		versions, problems := mustRead(t, c.source)
		var got []string
		for _, v := range versions {
			got = append(got, told(v))
			if strings.Contains(v.New+v.Corrected+v.Before+v.Other, "lost") {
				t.Errorf("%q: %s says what a refused heading says", c.source, v.Version)
			}
		}
		if d := cmp.Diff(c.want, got) + cmp.Diff(c.problems, problems); d != "" {
			t.Errorf("%q: %s", c.source, d)
		}
	}
}

func TestSectionsSayWhatIsNewCorrectedAndBeforeInstalling(t *testing.T) {
	const source = `# Changelog

What stands above is nobody's.

## [1.2.0] - 2024-03-01

A word before.

### Added
- a
### Changed

- b, see [#7]
#### of which
- c

### Deprecated
- d
### Removed
- e
### Fixed
- f [Title]
### Security
- g
### Known issues
- h

---

## 1.1.0

**New**

- i

**Fixed:**
- j
- **bold** is no heading

` + "```sh\n# Fixed\n```" + `

## 1.0.0
* [FEATURE] k
  goes on
* [BUGFIX] l
* m
* [SECURITY] n

### Dettagli
* [FEATURE] stays

[#7]: https://example.org/7
[title]: https://example.org/title
[1.2.0]: https://example.org/1.2.0
`
	want := []Version{
		{Line: 5, Version: "1.2.0", Date: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC),
			New:       "**Added**\n\n- a\n\n**Changed**\n\n- b, see [#7]\n#### of which\n- c\n\n[#7]: https://example.org/7",
			Corrected: "**Fixed**\n\n- f [Title]\n\n**Security**\n\n- g\n\n[title]: https://example.org/title",
			Before:    "**Deprecated**\n\n- d\n\n**Removed**\n\n- e",
			Other:     "A word before.\n\n**Known issues**\n\n- h"},
		{Line: 30, Version: "1.1.0", New: "- i", Corrected: "- j\n- **bold** is no heading\n\n```sh\n# Fixed\n```"},
		{Line: 44, Version: "1.0.0", New: "* [FEATURE] k\n  goes on", Corrected: "* [BUGFIX] l\n* [SECURITY] n", Other: "* m\n\n**Dettagli**\n\n* [FEATURE] stays"},
	}
	got, problems := mustRead(t, source)
	if d := cmp.Diff(want, got); d != "" || len(problems) > 0 {
		t.Errorf("%s%v", d, problems)
	}
	if got, _ := mustRead(t, strings.ReplaceAll(source, "\n", "\r\n")); cmp.Diff(want, got) != "" {
		t.Error("line ends of Windows change what is read")
	}
}

func TestAWordOfAHeadingNamesItsPart(t *testing.T) {
	for heading, want := range map[string]part{
		"Added": news, "✨ New features": news, "What's Changed": news, "What’s new": news, "Changes and fixes": news, "Novità": news, "Funzionalità nuove": news,
		"Minor Changes": news, "CHANGE": news,
		"Fixed": corrections, "Bug Fixes": corrections, "Security": corrections, "Anomalie corrette": corrections, "Patch Changes": corrections, "BUGFIX": corrections,
		"⚠ BREAKING CHANGES": warnings, "Removed": warnings, "Deprecations": warnings, "Before installing": warnings, "Prima di installare": warnings,
		"Upgrading from v1": warnings,
		"New Contributors":  others, "Known bugs": others, "Anomalie note": others, "Documentation": others, "": others,
		"How one finds out what is new here": others,
	} {
		if got := partOf(heading); got != want {
			t.Errorf("%s: %d, not %d", heading, got, want)
		}
	}
}

func TestAnyEncodingThatSuppliersWriteIsRead(t *testing.T) {
	const text = "# Novità\n## 1.0.0 – è qui\n"
	utf16 := func(low, high int) string {
		b := []byte{0, 0}
		b[low], b[high] = 0xff, 0xfe
		if low == 1 {
			b = []byte{0xfe, 0xff}
		}
		for _, r := range text {
			two := []byte{0, 0}
			two[low], two[high] = byte(r), byte(r>>8)
			b = append(b, two...)
		}
		return string(b)
	}
	for name, source := range map[string]string{
		"UTF-8": text, "with a mark": "\ufeff" + text, "UTF-16 little": utf16(0, 1), "UTF-16 big": utf16(1, 0),
		"Windows-1252": "# Novit\xe0\n## 1.0.0 \x96 \xe8 qui\n",
	} {
		versions, _ := mustRead(t, source)
		if len(versions) != 1 || versions[0].Title != "è qui" {
			t.Errorf("%s: %v", name, versions)
		}
	}
	versions, _ := mustRead(t, "## 1.\x000.0 \u202ecalled\n- a\x07b\u2066\n")
	if len(versions) != 1 || versions[0].Version != "1.0.0" || versions[0].Other != "- ab" {
		t.Errorf("controls: %+v", versions)
	}
}

func TestAChangelogIsReadWithinBounds(t *testing.T) {
	if _, _, err := Read(strings.NewReader(strings.Repeat("a", MostBytes+1))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a large file: %v", err)
	}
	var many strings.Builder
	for i := range MostVersions + 10 {
		fmt.Fprintf(&many, "## 1.%d\n", i)
	}
	versions, problems := mustRead(t, many.String())
	if len(versions) != MostVersions || len(problems) != 1 || problems[0].Reason != TooMany || problems[0].Line != MostVersions+1 {
		t.Errorf("%d versions, %v", len(versions), problems)
	}
	many.Reset()
	fmt.Fprintf(&many, "[a]: https://example.org/%s\n", strings.Repeat("x", 900))
	for i := range MostVersions {
		fmt.Fprintf(&many, "## 1.%d\n[a]\n### New\n[a]\n### Fixed\n[a]\n", i)
	}
	versions, _ = mustRead(t, many.String())
	total := 0
	for _, v := range versions {
		total += len(v.New + v.Corrected + v.Before + v.Other)
	}
	if total > many.Len()+2*MostBytes {
		t.Errorf("%d bytes became %d", many.Len(), total)
	}
	if _, problems := mustRead(t, strings.Repeat("## 1.0 - 2024-02-30\n", 3*MostProblems)); len(problems) != MostProblems {
		t.Errorf("%d problems", len(problems))
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"## [1.2.0] - 2024-03-01\n### Added\n- a [b]\n\n[b]: c\n", "1.0 / 03/04/2024\n===\n> x\n", "---\na\n---\n```\n<!--\n**New**\n# Unreleased (1.0)\n", "# A 1.0 [YANKED]\n- [FIX] a\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		versions, problems, err := Read(strings.NewReader(string(raw)))
		if err != nil {
			return
		}
		lines, last := 1+strings.Count(strings.ReplaceAll(decode(raw), "\r", "\n"), "\n"), 0
		for _, v := range versions {
			if v.Line <= last || v.Line > lines {
				t.Fatalf("line %d after %d of %d", v.Line, last, lines)
			}
			last = v.Line
			if v.Version == "" && !v.Unreleased || len(v.Version) > 120 || strings.ContainsAny(v.Version+v.Title, "\n\x00") {
				t.Fatalf("%+v", v)
			}
		}
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Reason == "" {
				t.Fatalf("%+v", p)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for name, s := range map[string]string{
		"like a changelog": "## [1.0.0] - 2024-03-01\n\n### Added\n\n- Something that somebody wanted ([#12](https://example.org/12)).\n- Another thing\n\n",
		"headings":         "# _*[(\n", "links": "[a](b) [a][b] ", "fences": "```x\n", "comments": "<!--\n", "numbers": "## 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n",
		"dates": "## 1-1-1 2024-1-1x 2024-1-1x 1/1/2024x Apr\n", "one line": "#[_*`(",
	} {
		b.Run(name, func(b *testing.B) {
			text := strings.Repeat(s, MostBytes/len(s))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, _, err := Read(strings.NewReader(text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
