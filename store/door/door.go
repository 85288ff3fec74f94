// Package door is the one table of the ways by which somebody changes something.
package door

import "slices"

// Door is the way by which somebody changes something. Tickets, messages and changes keep its code. Doors come from the
// table below; of one that only another release knows, its code is all there is to know.
type Door struct{ code string }

// doorway is what is particular to a door.
type doorway uint8

const (
	usual   doorway = 1 << iota // nobody has to be told that it was this one
	cuts                        // what is too long is cut: nobody would read the refusal
	silent                      // nobody is told of what comes in by it
	outside                     // the desk is looked at through it and nothing changes
)

var (
	doors    []Door
	doorways = map[string]doorway{}
)

// add adds a row to the table of doors.
func add(code string, is doorway) Door {
	d := Door{code}
	doors, doorways[code] = append(doors, d), is
	return d
}

// The doors.
var (
	Page    = add("page", usual)
	API     = add("api", 0)
	Mail    = add("mail", cuts)
	Import  = add("import", silent)
	Command = add("command", 0)
	Desk    = add("desk", usual|cuts) // the desk itself
	Link    = add("link", outside)    // a mailed link to one ticket
)

// All returns every door there is.
func All() []Door { return slices.Clone(doors) }

func (d Door) String() string { return d.code }

// MarshalText writes the code.
func (d Door) MarshalText() ([]byte, error) { return []byte(d.code), nil }

// UnmarshalText reads a code, known or not.
func (d *Door) UnmarshalText(b []byte) error { d.code = string(b); return nil }

// Usual reports whether a change need not say that it came by the door.
func (d Door) Usual() bool { return doorways[d.code]&usual != 0 }

// Silent reports whether nobody is told of what comes in by the door.
func (d Door) Silent() bool { return doorways[d.code]&silent != 0 }

// Cuts reports whether what is too long is cut, not refused.
func (d Door) Cuts() bool { return doorways[d.code]&cuts != 0 }

// InLog returns the key of the door's sentence in the log of the administration, "" where nothing changes by it.
func (d Door) InLog() string {
	if doorways[d.code]&outside != 0 {
		return ""
	}
	return "audit.via." + d.code
}
