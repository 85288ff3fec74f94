package web

import (
	"bufio"
	"context"
)

// SendOwn answers with the archive of all that the desk holds about the person; see owndata.Open for who gets it.
func (s *Site) SendOwn(r *Request, person uint64) error {
	archive, err := s.Desk.Own.Open(r.Actor(), person)
	if err != nil {
		return err
	}
	r.SetHeader("Content-Type", "application/zip")
	r.SetHeader("Content-Disposition", DispositionOf("attachment", archive.Name()))
	r.SetHeader("Cache-Control", "no-store")
	r.Stream(func(w *bufio.Writer) {
		if err := archive.Write(context.Background(), w); err != nil { // whoever reads it sees that it is not whole
			s.Log.Error("the archive of a person's data broke off", "person", person, "err", err)
		}
		_ = w.Flush()
	})
	return nil
}
