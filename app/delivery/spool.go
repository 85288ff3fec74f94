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
	"sportello/store/fault"
)

// The spool is DATA/spool: messages that `mail deliver` accepted and no desk has processed yet. A message is one file.
// Its first line is JSON that says how it arrived; the rest is the unchanged message. A file whose name begins with
// "new-" is still being written, or its writer has died.

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
	Cut     bool      `json:"cut"` // only the beginning was kept
}

// spoolPiece is how many bytes are kept of a message above the desk's limit.
const spoolPiece = 1 << 20

// line returns the first line of the file. Its length does not depend on Cut.
func (s Spooled) line() ([]byte, error) {
	b, err := json.Marshal(s)
	if s.Cut {
		b = append(b, ' ') // "true" is shorter than "false"
	}
	return append(b, '\n'), err
}

// PutSpool makes the message durable: temporary name, sync, rename, then sync of the folder and of its parent. Of a
// message longer than limit bytes it keeps the beginning and marks it as cut; the sender is done either way. It returns
// an Unavailable error while the spool uses more than a tenth of the free disk space.
func PutSpool(dir string, how Spooled, r io.Reader, limit int64) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("app: make spool: %w", err)
	}
	if free, _, known := listen.DiskSpace(dir); known && spoolSize(dir) > free/10 {
		return fault.New(fault.Unavailable, "error.mail-room")
	}
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	name := how.At.UTC().Format("20060102T150405.000000000") + "-" + hex.EncodeToString(id[:]) + spoolMail
	tmp := filepath.Join(dir, spoolNew+name)
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- our own name in the spool
	if err != nil {
		return fmt.Errorf("app: write spool: %w", err)
	}
	defer os.Remove(tmp) // does nothing after the rename
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
			_, err = io.Copy(io.Discard, r) // closing the pipe early would be a failure to a mail server
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
	return errors.Join(syncFolder(dir), syncFolder(filepath.Dir(dir))) // the parent matters for the very first message
}

// spoolSize returns the bytes of the messages in the spool.
func spoolSize(dir string) (size int64) {
	entries, _ := os.ReadDir(dir) // a folder that cannot be listed cannot be written to either
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

// TakeSpool processes everything in the spool in order of arrival and returns how many messages it took. A file it
// cannot read is renamed to end in ".bad" and logged; it does not delay the others.
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
				_ = os.Remove(filepath.Join(dir, e.Name())) // its writer died before acknowledging it
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
		case errors.Is(err, intake.ErrMailRoom): // it waits here, without delaying those behind it
		case errors.Is(err, ErrSpool) || fault.KindOf(err) == fault.TooLarge:
			d.Log.Error("a message in the spool cannot be processed; it is set aside", "file", path, "err", err)
			if err := os.Rename(path, path+".bad"); err != nil {
				return i, fmt.Errorf("app: set aside: %w", err)
			}
		default:
			return i, err
		}
	}
	return len(names), nil
}

// ErrSpool is returned for a file of the spool that cannot be read.
var ErrSpool = errors.New("app: spool file cannot be read")

// TakeSpooled processes one file of the spool.
func (d *Delivery) TakeSpooled(path string) error {
	f, err := os.Open(path) // #nosec G304 -- a name from the listing of the spool
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

// runSpool processes the spool when a command reports new mail, and every half minute.
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
