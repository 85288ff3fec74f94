package version

import (
	"regexp"
	"strings"
)

// written is a version in running text: numbers with dots, and what suppliers put behind them.
const written = `[0-9]+(?:\.[0-9]+)+[a-z]?(?:[-_.~ ]?(?:rc|hf|sp|hotfix|patch|beta|alpha|p)[-. ]?[0-9]*)?`

var (
	// named is a version that the text calls so.
	named = regexp.MustCompile(`(?i)(?:^|[^\p{L}\p{N}])(?:versioni?e?|vers\.?|ver\.?|release|rel\.?|v\.?)\s*:?\s*(` + written + `|[0-9]+(?:[-_.~ ]?(?:rc|hf|sp)[-. ]?[0-9]+))(?:$|[^\p{L}\p{N}.]|\.(?:\s|$))`)
	// bare is what can be nothing else: three numbers or more.
	bare = regexp.MustCompile(`(?i)(?:^|[^\p{L}\p{N}.,/:@-])([0-9]+(?:\.[0-9]+){2,}[a-z]?(?:[-_.~ ]?(?:rc|hf|sp|hotfix|patch|beta|alpha|p)[-. ]?[0-9]+)?)(?:$|[^\p{L}\p{N}./@]|\.(?:\s|$))`)
	// dated is a day, which looks the same.
	dated = regexp.MustCompile(`^[0-3]?[0-9]\.[01]?[0-9]\.(?:19|20)[0-9]{2}$`)
)

// Find returns the version that the text is about, as it is written there; empty when it names none, or several.
func Find(text string) string {
	text = text[:min(len(text), longest)]
	for _, way := range []*regexp.Regexp{named, bare} {
		found := ""
		for _, m := range way.FindAllStringSubmatch(text, -1) {
			v := strings.TrimRight(m[1], " .-_~")
			switch {
			case dated.MatchString(v):
			case found == "":
				found = v
			case KeyOf(found) != KeyOf(v):
				return ""
			}
		}
		if found != "" {
			return found
		}
	}
	return ""
}
