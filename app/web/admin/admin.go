package admin

import (
	"errors"
	"net/url"

	"sportello/app/web"
	"sportello/store"
	"sportello/store/fault"
)

// moveProblems renames the fields of the problems in err to those of the page.
func moveProblems(err error, to func(field string) string) error {
	var many fault.Problems
	var one *fault.Error
	switch {
	case errors.As(err, &many):
	case errors.As(err, &one):
		many = fault.Problems{one}
	default:
		return err
	}
	out := make(fault.Problems, len(many))
	for i, e := range many {
		out[i] = e.At(to(e.Field))
	}
	return out
}

// wordsIn returns a text in both languages from the fields name-it and name-en.
func wordsIn(f *web.Form, name string, most int) store.Words {
	return store.Words{IT: f.Text(name+"-it", most), EN: f.Text(name+"-en", most)}
}

// textsIn is wordsIn for texts of several lines.
func textsIn(f *web.Form, name string) store.Words {
	return store.Words{IT: f.Body(name + "-it"), EN: f.Body(name + "-en")}
}

func setWords(v url.Values, name string, w store.Words) {
	v.Set(name+"-it", w.IT)
	v.Set(name+"-en", w.EN)
}
