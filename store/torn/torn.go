// Package torn records what a process does to the files of a folder, system call by system call, and makes of the
// record the folders that a power failure may leave behind. It is for tests.
//
// The disk it assumes keeps one promise: what fsync or fdatasync returned for is there afterwards. Everything else a
// failure may or may not have kept, in any combination:
//
//   - each sector (512 bytes) of each write that no sync has covered since, so that writes are lost, done in another
//     order, and torn inside a page;
//   - each change of length;
//   - each name made, moved or removed in a folder that was not synced since, also of a file that was synced itself.
//     A rename is either there or not; the old name may stay beside the new one.
//
// A sync covers what had ended before it began, and counts from its end. What a process says on standard output, and
// the status it exits with, stand in the record too: that is what others were told before the power failed.
//
// Real file systems promise more (ext4 keeps names in order, and writes a sector of a disk whole). What holds for all of
// these folders holds for those that a real one leaves. It says nothing of disks that lie about a sync, nor of bytes
// that change while they lie there.
package torn

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kind is what an event does.
type Kind string

// The kinds of event.
const (
	Write    Kind = "write"
	Truncate Kind = "truncate"
	Sync     Kind = "sync"
	Link     Kind = "link" // a name that is new, or leads to another file than before
	Unlink   Kind = "unlink"
	Said     Kind = "said"
)

// Event is one step of the record.
type Event struct {
	Kind Kind
	Path string // below the folder, as it was at the time; of a Sync the file or folder
	Off  int64
	Size int64 // bytes written, or the length after a Truncate
	Data []byte

	node, dir *node
	name      string
	with      int // of an Unlink that is half of a rename, the index of its Link; else -1
	ended     int // how many events had begun when it ended
}

// Recording is what one process did. The events stand in the order in which they began.
type Recording struct {
	Events []Event
	root   *node
	nodes  []*node
}

// node is a file or folder, whatever its names.
type node struct {
	folder  bool
	content []byte           // at the beginning
	names   map[string]*node // at the beginning

	live     map[string]*node // while recording
	liveSize int64
}

const sector = 512

// Choice says of a part of an event that no sync covers whether the disk kept it. Part counts the sectors of a write; all
// else has one part.
type Choice func(event, part int) bool

// Everything was kept: what a killed process leaves.
func Everything(int, int) bool { return true }

// Nothing was kept but what was synced.
func Nothing(int, int) bool { return false }

// Some keeps each part with a chance of its own. One sample in three keeps or loses whole writes.
func Some(r *rand.Rand) Choice {
	chance := r.Float64()
	whole := r.IntN(3) == 0
	seed := r.Uint64()
	return func(event, part int) bool {
		if whole {
			part = 0
		}
		one := rand.New(rand.NewPCG(seed, uint64(event)<<24|uint64(part)))
		return one.Float64() < chance
	}
}

// Durable reports whether the event is certainly there after a failure at the cut, which is when that many events had
// begun.
func (r *Recording) Durable(event, cut int) bool {
	e := &r.Events[event]
	at := e.node
	if e.Kind == Link || e.Kind == Unlink {
		at = e.dir
	}
	for j := event + 1; j < cut; j++ {
		if s := &r.Events[j]; s.Kind == Sync && s.node == at && s.ended <= cut && e.ended <= j {
			return true
		}
	}
	return false
}

// Told returns what had been said before the failure.
func (r *Recording) Told(cut int) string {
	var b strings.Builder
	for i := range r.Events[:cut] {
		if e := &r.Events[i]; e.Kind == Said {
			b.Write(e.Data)
		}
	}
	return b.String()
}

// Leave makes in dir, which must not be there, the folder as a failure at the cut leaves it.
func (r *Recording) Leave(dir string, cut int, keep Choice) error {
	content := map[*node][]byte{}
	names := map[*node]map[string]*node{}
	for _, n := range r.nodes {
		if n.folder {
			names[n] = maps.Clone(n.names)
		}
	}
	bytesOf := func(n *node) []byte {
		if b, ok := content[n]; ok {
			return b
		}
		return slices.Clone(n.content)
	}
	kept := make([]bool, cut)
	for i := range r.Events[:cut] {
		e := &r.Events[i]
		sure := e.Kind != Sync && e.Kind != Said && r.Durable(i, cut)
		switch e.Kind {
		case Write:
			b := bytesOf(e.node)
			for part, from := 0, int64(0); from < e.Size; part++ {
				to := min(e.Size, (e.Off+from)/sector*sector+sector-e.Off)
				if sure || keep(i, part) {
					if grow := e.Off + to - int64(len(b)); grow > 0 {
						b = append(b, make([]byte, grow)...)
					}
					copy(b[e.Off+from:], e.Data[from:to])
				}
				from = to
			}
			content[e.node] = b
		case Truncate:
			if !sure && !keep(i, 0) {
				continue
			}
			b := bytesOf(e.node)
			if int64(len(b)) > e.Size {
				b = b[:e.Size]
			} else {
				b = append(b, make([]byte, e.Size-int64(len(b)))...)
			}
			content[e.node] = b
		case Link:
			if kept[i] = sure || keep(i, 0); kept[i] {
				names[e.dir][e.name] = e.node
			}
		case Unlink:
			if e.with >= 0 && !kept[e.with] {
				continue
			}
			if sure || keep(i, 0) {
				if names[e.dir][e.name] == e.node {
					delete(names[e.dir], e.name)
				}
			}
		}
	}
	var build func(n *node, path string) error
	build = func(n *node, path string) error {
		if !n.folder {
			return os.WriteFile(path, bytesOf(n), 0o600)
		}
		if err := os.Mkdir(path, 0o700); err != nil {
			return err
		}
		for name, child := range names[n] {
			if err := build(child, filepath.Join(path, name)); err != nil {
				return err
			}
		}
		return nil
	}
	if err := build(r.root, dir); err != nil {
		return fmt.Errorf("torn: leave: %w", err)
	}
	return nil
}

// snapshot reads what is in the folder before the process begins.
func (r *Recording) snapshot(path string, skip map[string]bool) (*node, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		n := r.file()
		n.content, n.liveSize = b, int64(len(b))
		return n, nil
	}
	n := r.folder()
	list, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if skip[e.Name()] || !e.IsDir() && !e.Type().IsRegular() {
			continue
		}
		child, err := r.snapshot(filepath.Join(path, e.Name()), nil)
		if err != nil {
			return nil, err
		}
		n.names[e.Name()], n.live[e.Name()] = child, child
	}
	return n, nil
}

func (r *Recording) file() *node {
	n := &node{}
	r.nodes = append(r.nodes, n)
	return n
}

func (r *Recording) folder() *node {
	n := &node{folder: true, names: map[string]*node{}, live: map[string]*node{}}
	r.nodes = append(r.nodes, n)
	return n
}

// begin adds an event and returns its index.
func (r *Recording) begin(e Event) int {
	e.ended = never
	r.Events = append(r.Events, e)
	return len(r.Events) - 1
}

const never = int(^uint(0) >> 1)

// end marks that the event's call returned.
func (r *Recording) end(i int) { r.Events[i].ended = len(r.Events) }

// pathOf names the node as it stands now, for people.
func (r *Recording) pathOf(n *node) string {
	var find func(at *node, path string) string
	find = func(at *node, path string) string {
		if at == n {
			return path
		}
		for name, child := range at.live {
			if s := find(child, filepath.Join(path, name)); s != "" {
				return s
			}
		}
		return ""
	}
	return find(r.root, ".")
}
