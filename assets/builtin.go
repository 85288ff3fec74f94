package assets

import _ "embed"

// Catalogue is the built-in catalogue with its support groups, as `import catalogue` reads it.
//
//go:embed catalogue.toml
var Catalogue []byte

// Home holds the texts and settings of a new desk.
//
//go:embed home.toml
var Home []byte

// Synonyms holds the words of a new desk that mean the same.
//
//go:embed synonyms.toml
var Synonyms []byte
