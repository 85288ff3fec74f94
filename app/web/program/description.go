package program

import (
	"net/http"
	"reflect"
	"strings"

	"sportello/app/web"
	"sportello/app/web/schema"
)

type object = schema.Object

// Describe returns the routes with what the table says of each by its name. A route without a line, and a line without a
// route, are faults of the program: it panics.
func Describe(routes []web.Route, says map[string]schema.Operation) []web.Route {
	for i, r := range routes {
		if says[r.Name].Summary == "" {
			panic(r.Name + " is not described")
		}
		routes[i].Says = says[r.Name]
	}
	if len(says) != len(routes) {
		panic("something is described that is no route")
	}
	return routes
}

// OpenAPI describes the routes of the API among these in OpenAPI 3.1, their types with the schemas.
func OpenAPI(routes []web.Route, schemas *schema.Set) schema.Object {
	paths := object{}
	problem := object{"description": "What was wrong (RFC 9457)", "content": object{"application/problem+json": object{"schema": schemas.Of(reflect.TypeOf(web.ProblemDocument{}))}}}
	for _, r := range routes {
		if !strings.HasPrefix(r.Path, Base) {
			continue
		}
		d := r.Says
		path, parameters := openPath(r.Path)
		for _, p := range d.Query {
			parameters = append(parameters, object{"name": p.Name, "in": "query", "description": p.Text, "schema": object{"type": p.Kind}})
		}
		answers := object{"default": problem}
		answer := object{"description": "Done"}
		if d.Out != nil {
			answer["content"] = object{"application/json": object{"schema": schemas.Of(reflect.TypeOf(d.Out))}}
		}
		if d.Created {
			answers["201"] = answer
		}
		if d.Later {
			answers["202"] = answer
		} else if !d.Created || d.In != nil {
			answers["200"] = answer
		}
		op := object{"operationId": r.Name, "summary": d.Summary, "responses": answers}
		if r.Needs.Said() {
			op["x-scope"] = object{"access": r.Needs.Access, "nouns": r.Needs.Nouns}
		}
		if d.In != nil {
			op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": schemas.Of(reflect.TypeOf(d.In))}}}
		}
		if d.Files {
			op["requestBody"] = object{"required": true, "content": object{"multipart/form-data": object{"schema": object{"type": "object", "properties": object{
				"file": object{"type": "array", "items": object{"type": "string", "format": "binary"}}, "body": object{"type": "string"}, "internal": object{"type": "boolean"}}}}}}
		}
		if r.Method == http.MethodPost && r.Who == web.Program {
			parameters = append(parameters, object{"name": "Idempotency-Key", "in": "header", "schema": object{"type": "string", "maxLength": web.MaxOnceKey},
				"description": "A word of the caller's own. Within 24 hours the same key with the same token and the same request answers the first result again and changes nothing; with another request it answers 422, while the first is still under way at last 409. What was refused may be tried again under its key."})
		}
		if len(parameters) > 0 {
			op["parameters"] = parameters
		}
		if r.Who == web.Guest {
			op["security"] = []any{}
		}
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(r.Method)] = op
	}
	return object{
		"openapi": "3.1.0",
		"info":    object{"title": "Sportello", "version": "1", "description": "A token has the rights that its person has at that moment, less by its scope, until it ends. What each operation needs is its x-scope; a token without it is answered 403, one used from an address it is not taken from 401. A token that ended, or that sleeps since the desk was restored, is answered 401 with that reason. What may not be seen is not there."},
		"paths":   paths,
		"components": object{"schemas": schemas.Named, "securitySchemes": object{
			"token": object{"type": "http", "scheme": "bearer"}}},
		"security": []any{object{"token": []any{}}},
	}
}

// openPath turns /tickets/:number<int> into /tickets/{number} and returns the description of its parameters.
func openPath(path string) (string, []any) {
	var parameters []any
	parts := strings.Split(path, "/")
	for i, p := range parts {
		name, ok := strings.CutPrefix(p, ":")
		if !ok {
			continue
		}
		kind := "string"
		if base, isInt := strings.CutSuffix(name, "<int>"); isInt {
			name, kind = base, "integer"
		}
		parts[i] = "{" + name + "}"
		parameters = append(parameters, object{"name": name, "in": "path", "required": true, "schema": object{"type": kind}})
	}
	return strings.Join(parts, "/"), parameters
}

// PageParameters are those of a list that comes in pages.
var PageParameters = []schema.Parameter{{Name: "limit", Kind: "integer", Text: "1 to 200, default 50"}, {Name: "after", Kind: "string", Text: "next from the previous page"}}

// PlainText says in which language texts are that come as plain strings.
var PlainText = []schema.Parameter{{Name: "lang", Kind: "string", Text: "it or en: of texts that are given as plain strings; Italian when left out"}}
