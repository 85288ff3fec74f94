package disk

import (
	"hash/maphash"
	"io"
	"os"
)

// copyBlock is how much is compared at once when rows are copied.
const copyBlock = 64 << 10

// Copy is a copy of a file on its way, with a sum of each block that was written. The seed makes it sure that nobody
// can have made two blocks with the same sum.
type Copy struct {
	to    *os.File
	wrote func(off int64, n int) error
	seed  maphash.Seed
	sums  []uint64
	next  int    // the block that Write is filling
	buf   []byte // of it
}

// NewCopy begins a copy into the empty file. wrote is told of everything written, and may take its time.
func NewCopy(to *os.File, wrote func(off int64, n int) error) *Copy {
	return &Copy{to: to, wrote: wrote, seed: maphash.MakeSeed()}
}

// AsItLies goes through the file once, whatever is written to it meanwhile. mayGoOn is asked before each block.
func (c *Copy) AsItLies(path string, mayGoOn func() error) error {
	in, err := os.Open(path) // #nosec G304 -- the desk's own file
	if err != nil {
		return err
	}
	defer in.Close()
	buf := make([]byte, copyBlock)
	for i := 0; ; i++ {
		if err := mayGoOn(); err != nil {
			return err
		}
		n, err := in.ReadAt(buf, int64(i)*copyBlock)
		if n > 0 {
			if err := c.block(i, buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// block writes the block unless the copy has it.
func (c *Copy) block(i int, b []byte) error {
	sum := maphash.Bytes(c.seed, b)
	if i < len(c.sums) && c.sums[i] == sum {
		return nil
	}
	off := int64(i) * copyBlock
	if _, err := c.to.WriteAt(b, off); err != nil {
		return err
	}
	if i < len(c.sums) {
		c.sums[i] = sum
	} else {
		c.sums = append(c.sums, sum)
	}
	return c.wrote(off, len(b))
}

// Picture returns the copy as a writer that takes the whole file once more, from its beginning on; nothing is told of
// what it writes. Finish ends it.
func (c *Copy) Picture() io.Writer {
	c.wrote = func(int64, int) error { return nil } // a pace is for what nobody waits for
	c.next = 0
	return c
}

// Finish writes what is left and gives the copy its size.
func (c *Copy) Finish(size int64) error {
	if err := c.flush(); err != nil {
		return err
	}
	return c.to.Truncate(size)
}

// Write takes the next bytes of the file.
func (c *Copy) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		k := min(len(b), copyBlock-len(c.buf))
		c.buf = append(c.buf, b[:k]...)
		n, b = n+k, b[k:]
		if len(c.buf) == copyBlock {
			if err := c.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (c *Copy) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	err := c.block(c.next, c.buf)
	c.next, c.buf = c.next+1, c.buf[:0]
	return err
}
