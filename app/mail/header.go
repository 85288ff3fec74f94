package mail

import "io"

// ParseAddresses reads an address list as people and programs write it.
// Groups are opened, comments become names, what holds no address is left out.
func ParseAddresses(s string) []Address { return nil }

// DecodeHeader returns the text of a header value on one line: encoded words
// (RFC 2047) decoded also where they are broken, raw 8-bit bytes as UTF-8 or
// else windows-1252, no controls.
func DecodeHeader(s string) string { return s }

// MessageIDs returns the ids in a Message-ID, In-Reply-To or References value
// without <>, in order, each once.
func MessageIDs(s string) []string { return nil }

// Number returns the desk number in a subject: "[#12]", "(#12)", "#12",
// "[Sportello #12]". A number without # is none.
func Number(subject string) (uint64, bool) { return 0, false }

// BaseSubject returns a subject without the marks of replies and forwards in
// the languages that mail programs use, as RFC 5256 describes it.
func BaseSubject(s string) string { return s }

// OutOfOfficeSubject tells the subjects that absence notes begin with.
func OutOfOfficeSubject(s string) bool { return false }

// SplitMbox calls each with every message of an mbox file (mboxo, mboxrd,
// mboxcl) in turn, without its "From " line; raw is only valid during the
// call. It returns the first error of each, or of reading.
func SplitMbox(r io.Reader, each func(raw []byte) error) error { return nil }
