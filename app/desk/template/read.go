package template

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pelletier/go-toml/v2"
)

// MaxFile is how many bytes a template may have as a file.
const MaxFile = 1 << 20

// File is a template as people keep it in a file.
type File struct {
	Code    string   `json:"code" toml:"code"`
	Modules []string `json:"modules,omitempty" toml:"modules,omitempty"` // codes; none: any application
	Course
}

// ParseError says where a file is no template. Line and Column count from 1; 0: the whole file.
type ParseError struct {
	Line, Column int
	Text         string // in English: what the reader of TOML found
}

func (e *ParseError) Error() string {
	return fmt.Sprintf("template: line %d, column %d: %s", e.Line, e.Column, e.Text)
}

// Parse reads a template from a file in TOML. It refuses keys that a template does not have. The error is a *ParseError.
func Parse(raw []byte) (*File, error) {
	if len(raw) > MaxFile {
		return nil, &ParseError{Text: fmt.Sprintf("the file has %d bytes, and a template at most %d", len(raw), MaxFile)}
	}
	out := &File{}
	err := toml.NewDecoder(bytes.NewReader(raw)).DisallowUnknownFields().Decode(out)
	var strict *toml.StrictMissingError
	var decode *toml.DecodeError
	switch {
	case errors.As(err, &strict) && len(strict.Errors) > 0:
		line, column := strict.Errors[0].Position()
		return nil, &ParseError{line, column, fmt.Sprintf("a template has no %q here", strict.Errors[0].Key())}
	case errors.As(err, &decode):
		line, column := decode.Position()
		return nil, &ParseError{line, column, decode.Error()}
	case err != nil:
		return nil, &ParseError{Text: err.Error()}
	}
	return out, nil
}

// Bytes writes the template as a file that Parse reads as the same template.
func (f *File) Bytes() ([]byte, error) {
	var b bytes.Buffer
	e := toml.NewEncoder(&b)
	e.SetArraysMultiline(false)
	e.SetIndentTables(false)
	if err := e.Encode(f); err != nil {
		return nil, fmt.Errorf("template: write %s: %w", f.Code, err)
	}
	return b.Bytes(), nil
}

//go:embed builtin/*.toml
var builtin embed.FS

// Builtin returns the templates that a desk begins with, in the order of their file names.
func Builtin() ([]*File, error) {
	names, err := fs.Glob(builtin, "builtin/*.toml")
	if err != nil {
		return nil, err
	}
	var out []*File
	for _, name := range names {
		raw, err := builtin.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f, err := Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, f)
	}
	return out, nil
}
