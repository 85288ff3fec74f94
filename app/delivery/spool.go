package delivery

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sportello/app/desk/intake"
	"sportello/app/listen"
	"sportello/store"
)

// The spool is DATA/spool: what `mail deliver` took and no desk has processed yet. A message is one file, whose first
// line is JSON that says how it came and whose rest is the message as it was. A name that begins with "new-" is still
// being written, by a process that may be gone.

const (
	spoolNew  = "new-"
	spoolMail = ".mail"
)

// Spooled is the first line of a file in the spool.
type Spooled struct {
	Mailbox string    `json:"mailbox,omitempty"`
	Return  string    `json:"return,omitempty"`
	To      []string  `json:"to,omitempty"`
	At      time.Time `json:"at"`
	Cut     bool      `json:"cut"` // only the beginning is here
}

// spoolPiece is how much is kept of a message that is larger than the desk takes.
const spoolPiece = 1 << 20

// line is the first line of the file, as long whether the message was cut or not.
func (s Spooled) line() ([]byte, error) {
	b, err := json.Marshal(s)
	if s.Cut {
		b = append(b, ' ') // "true" is shorter than "false"
	}
	return append(b, '\n'), err
}

// PutSpool makes the message durable: a temporary name, sync, rename, sync of the folder and of what holds its own name.
// Of a message larger than limit bytes the beginning is kept, and marked: who brought it is done with it either way.
// It is Unavailable while what waits in the spool takes all the room it has: a tenth of what is free on the disk.
func PutSpool(dir string, how Spooled, r io.Reader, limit int64) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("app: make spool: %w", err)
	}
	if free, _, known := listen.DiskSpace(dir); known && spoolSize(dir) > free/10 {
		return store.Fail(store.Unavailable, "error.mail-room")
	}
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	name := how.At.UTC().Format("20060102T150405.000000000") + "-" + hex.EncodeToString(id[:]) + spoolMail
	tmp := filepath.Join(dir, spoolNew+name)
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- a name of our own in the spool
	if err != nil {
		return fmt.Errorf("app: write spool: %w", err)
	}
	defer os.Remove(tmp) // nothing is there any more once it was renamed
	line, err := how.line()
	if err == nil {
		_, err = f.Write(line)
	}
	n := int64(0)
	if err == nil {
		n, err = io.Copy(f, io.LimitReader(r, limit+1))
	}
	if err == nil && n > limit {
		how.Cut = true
		if line, err = how.line(); err == nil {
			_, err = f.WriteAt(line, 0)
		}
		if err == nil {
			err = f.Truncate(int64(len(line)) + min(limit, spoolPiece))
		}
		if err == nil {
			_, err = io.Copy(io.Discard, r) // a pipe that is closed in its face is a failure to a mail server
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, name)); err != nil {
		return fmt.Errorf("app: write spool: %w", err)
	}
	return errors.Join(syncFolder(dir), syncFolder(filepath.Dir(dir))) // the latter for the first message of all
}

// spoolSize is how many bytes wait in the spool.
func spoolSize(dir string) (size int64) {
	entries, _ := os.ReadDir(dir) // what cannot be listed cannot be written to either
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			size += info.Size()
		}
	}
	return size
}

func syncFolder(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- the spool
	if err != nil {
		return fmt.Errorf("app: write spool: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// TakeSpool takes in all that lies in the spool, in the order in which it came, and returns how many. What cannot be
// read is put aside under its name with ".bad" and logged; it holds up nothing.
func (d *Delivery) TakeSpool(ctx context.Context) (int, error) {
	d.spooling.Lock()
	defer d.spooling.Unlock()
	dir := d.Config.Spool()
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("app: read spool: %w", err)
	}
	var names []string
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), spoolNew):
			if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > time.Hour {
				_ = os.Remove(filepath.Join(dir, e.Name())) // its writer is gone, and had not acknowledged it
			}
		case strings.HasSuffix(e.Name(), spoolMail):
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	for i, name := range names {
		if err := ctx.Err(); err != nil {
			return i, err
		}
		path := filepath.Join(dir, name)
		err := d.TakeSpooled(path)
		switch {
		case err == nil:
			if err := os.Remove(path); err != nil {
				return i, fmt.Errorf("app: empty spool: %w", err)
			}
		case errors.Is(err, intake.ErrMailRoom): // it waits here, and nothing behind it
		case errors.Is(err, ErrSpool) || store.KindOf(err) == store.TooLarge:
			d.Log.Error("a message in the spool cannot be taken; it is put aside", "file", path, "err", err)
			if err := os.Rename(path, path+".bad"); err != nil {
				return i, fmt.Errorf("app: put aside: %w", err)
			}
		default:
			return i, err
		}
	}
	return len(names), nil
}

// ErrSpool is returned for a file of the spool that cannot be understood.
var ErrSpool = errors.New("app: file of the spool not understood")

// TakeSpooled takes in one file of the spool.
func (d *Delivery) TakeSpooled(path string) error {
	f, err := os.Open(path) // #nosec G304 -- a name that the folder of the spool listed
	if err != nil {
		return fmt.Errorf("app: read spool: %w", err)
	}
	defer f.Close()
	r := bufio.NewReader(f)
	line, err := r.ReadBytes('\n')
	var how Spooled
	if err != nil || json.Unmarshal(line, &how) != nil {
		return ErrSpool
	}
	_, err = d.Desk.Intake.Take(intake.From{Source: "pipe", Mailbox: how.Mailbox, Return: how.Return, To: how.To, Cut: how.Cut}, r)
	return err
}

// runSpool looks into the spool when a command says that something came, and every half minute.
func (d *Delivery) runSpool(ctx context.Context) error {
	for {
		if _, err := d.TakeSpool(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(30 * time.Second):
		}
	}
}
