package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"time"

	"filippo.io/age"
)

// step is how many bytes are written before they are handed to the disk and the speed is checked. The desk's own sync
// waits for the disk, so a step must be small.
const step = 512 << 10

// pace limits the speed of a backup, over all its files together.
type pace struct {
	ctx   context.Context
	rate  float64 // bytes a second; 0 for no limit
	begun time.Time
	bytes int64
}

// spent counts n bytes and waits as long as the speed requires.
func (p *pace) spent(n int) error {
	if p.rate > 0 {
		now := time.Now()
		if p.begun.IsZero() {
			p.begun = now
		}
		p.bytes += int64(n)
		due := p.begun.Add(time.Duration(float64(p.bytes) / p.rate * float64(time.Second)))
		if wait := due.Sub(now); wait > 0 {
			t := time.NewTimer(wait)
			defer t.Stop()
			select {
			case <-t.C:
			case <-p.ctx.Done():
			}
		} else if wait < -time.Second {
			p.begun, p.bytes = now, 0 // slower than allowed: the lost time is not made up at once
		}
	}
	return p.ctx.Err()
}

// output writes one file at the permitted speed, and records its size and sum as stored. The bytes go to the disk in
// steps and leave the page cache; otherwise gigabytes would collect there, and the desk's next sync would wait for all
// of them.
type output struct {
	f    *os.File
	pace *pace
	hash hash.Hash
	size int64
	sent int64 // handed to the disk
	done int64 // on the disk
}

func create(path string, p *pace) (*output, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- a new file in the folder of backups
	if err != nil {
		return nil, err
	}
	return &output{f: f, pace: p, hash: sha256.New()}, nil
}

func (o *output) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		piece := b[:min(len(b), step)]
		var k int
		k, err = o.f.Write(piece)
		o.hash.Write(piece[:k])
		o.size += int64(k)
		n += k
		b = b[k:]
		if o.size-o.sent >= step {
			writeBehind(o.f, o.done, o.sent, o.size, false)
			o.done, o.sent = o.sent, o.size
		}
		if err == nil {
			err = o.pace.spent(k)
		}
	}
	return n, err
}

// close closes the file; when it returns no error, the file is on the disk.
func (o *output) close() error {
	err := o.f.Sync()
	forget(o.f)
	return errors.Join(err, o.f.Close())
}

func (o *output) sum() string { return hex.EncodeToString(o.hash.Sum(nil)) }

// sealed is an output that encrypts what is written when there are recipients.
type sealed struct {
	*output
	in io.WriteCloser
}

func seal(o *output, to []age.Recipient) (*sealed, error) {
	if len(to) == 0 {
		return &sealed{output: o}, nil
	}
	in, err := age.Encrypt(o, to...)
	if err != nil {
		return nil, err
	}
	return &sealed{output: o, in: in}, nil
}

func (s *sealed) Write(b []byte) (int, error) {
	if s.in == nil {
		return s.output.Write(b)
	}
	return s.in.Write(b)
}

func (s *sealed) close() error {
	var err error
	if s.in != nil {
		err = s.in.Close()
	}
	return errors.Join(err, s.output.close())
}

// unseal returns r decrypted with the identities, or r itself when there are none.
func unseal(r io.Reader, with []age.Identity) (io.Reader, error) {
	if len(with) == 0 {
		return r, nil
	}
	return age.Decrypt(r, with...)
}
