package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"slices"
)

// A bbolt file begins with two pages that describe the rest; commits write them in turn. They are read here before the
// file is mapped: its beginning shows best what is wrong with a file, and bbolt would start over in an empty one.
const (
	headAt      = 16 // of the page
	headSize    = 64
	headMagic   = 0xED0CDAED
	headVersion = 2
)

type fileHead struct {
	pageSize int64
	pages    uint64
	commit   uint64
}

// parseHead reads one head; known reports whether it looks like one, whole whether it is unchanged since it was
// written.
func parseHead(b []byte) (h fileHead, known, whole bool) {
	if len(b) < headSize {
		return h, false, false
	}
	order := binary.NativeEndian // as bbolt writes
	if order.Uint32(b) != headMagic {
		return h, false, false
	}
	sum := fnv.New64a()
	_, _ = sum.Write(b[:headSize-8]) // a hash takes everything
	h = fileHead{pageSize: int64(order.Uint32(b[8:])), pages: order.Uint64(b[40:]), commit: order.Uint64(b[48:])}
	return h, true, order.Uint32(b[4:]) == headVersion && sum.Sum64() == order.Uint64(b[56:]) && h.pageSize > 0
}

// look judges the file by its beginning and its size. half reports that one of the two heads cannot be read: a
// power failure during a commit leaves the file so, and it then holds the commit before.
func look(path string) (half bool, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return false, fmt.Errorf("disk: open %s: %w", path, err)
	case !info.Mode().IsRegular():
		return false, damage(path, "foreign", "it is no file")
	case info.Size() == 0:
		return false, damage(path, "empty", "it is empty")
	}
	f, err := os.Open(path) // #nosec G304 -- the desk's own file
	if err != nil {
		return false, fmt.Errorf("disk: open %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	read := func(page int64) (b []byte, err error) {
		b = make([]byte, headSize)
		n, err := f.ReadAt(b, page+headAt)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return b[:n], err
	}
	first, err := read(0)
	if err != nil {
		return false, fmt.Errorf("disk: read %s: %w", path, err)
	}
	newest, known, whole := parseHead(first)
	sizes := []int64{newest.pageSize}
	if !whole {
		sizes = []int64{int64(os.Getpagesize()), 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15, 1 << 16}
	}
	heads := 0
	if whole {
		heads++
	}
	for _, size := range sizes {
		b, err := read(size)
		if err != nil {
			return false, fmt.Errorf("disk: read %s: %w", path, err)
		}
		h, k, w := parseHead(b)
		known = known || k
		if w && h.pageSize == size {
			if heads++; heads == 1 || h.commit > newest.commit {
				newest = h
			}
			break
		}
	}
	switch need := int64(newest.pages) * newest.pageSize; { // #nosec G115 -- a sum that does not fit is no size of a file
	case heads == 0 && !known:
		what := "it does not begin as one"
		if len(first) > 0 && !slices.ContainsFunc(bytes.TrimLeft(first, "\x00"), func(byte) bool { return true }) {
			what = "it begins with zeros alone"
		}
		return false, damage(path, "foreign", what)
	case heads == 0 && info.Size() < 2*int64(os.Getpagesize()):
		return false, short(path, info.Size(), 4*int64(os.Getpagesize()))
	case heads == 0:
		return false, damage(path, "damaged", "neither of its heads can be read")
	case info.Size() < need:
		return false, short(path, info.Size(), need)
	}
	return heads == 1, nil
}
