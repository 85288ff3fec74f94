package app_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	programs "sportello/app/web/program"
	"sportello/app/web/schema"
	"sportello/store/fault"
)

// TestNoWrongTypeIsAnsweredWithATypeOfGo reads every body that is described with JSON of each wrong type, in the place of the
// whole and of each member: the answer says which JSON is needed, and no name of a type of Go.
func TestNoWrongTypeIsAnsweredWithATypeOfGo(t *testing.T) {
	values := []string{`"x"`, `-1.5`, `1e99`, `true`, `{}`, `[]`, `[[]]`, `[true]`, `{"x":1}`}
	tried := map[string]int{}
	for _, route := range newWorld(t).app.Site.Routes {
		name, body := route.Name, route.Says.In
		if body == nil {
			continue
		}
		for _, shape := range bodiesOf(reflect.TypeOf(body), 0) {
			for _, v := range values {
				sent := strings.ReplaceAll(shape, "?", v)
				err := programs.Strictly([]byte(sent), reflect.New(reflect.TypeOf(body)).Interface())
				if err == nil {
					continue
				}
				var coded *fault.Error
				if !errors.As(schema.JSONProblem(err), &coded) {
					t.Fatalf("%s: %s: %v is no error of ours", name, sent, err)
				}
				tried[coded.Key]++
				var kind *json.UnmarshalTypeError
				told := coded.Field
				for _, a := range coded.Args {
					if s, ok := a.(string); ok {
						told += " " + s
					}
				}
				if errors.As(err, &kind) && coded.Key == "error.json" || strings.Contains(told, "api.") || strings.Contains(told, "store.") || strings.Contains(told, "int64") {
					t.Errorf("%s: %s is answered %s%v", name, sent, coded.Key, coded.Args)
				}
			}
		}
	}
	for _, key := range []string{"error.json-object", "error.json-list", "error.json-text", "error.json-whole", "error.json-boolean"} {
		if tried[key] == 0 {
			t.Errorf("nothing was answered %s", key)
		}
	}
}

// bodiesOf returns JSON of the type with a question mark in the place of the whole, and of each member in turn.
func bodiesOf(t reflect.Type, deep int) []string {
	out := []string{"?"}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case deep > 3:
	case t.Kind() == reflect.Slice:
		for _, s := range bodiesOf(t.Elem(), deep+1) {
			out = append(out, "["+s+"]")
		}
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			if name == "" || name == "-" {
				continue
			}
			for _, s := range bodiesOf(t.Field(i).Type, deep+1) {
				out = append(out, `{"`+name+`":`+s+"}")
			}
		}
	}
	return out
}
