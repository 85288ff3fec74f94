package search

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"

	"github.com/RoaringBitmap/roaring/v2"

	"sportello/search/segment"
)

// Digest returns a sum over everything the index holds: each document's terms in each field and how often they stand
// there. Two indexes with the same digest answer every question alike. It reads the whole index.
func (ix *Index) Digest(ctx context.Context) (string, error) {
	h := ix.acquire()
	if h == nil {
		return "", errNoIndex
	}
	defer h.mu.RUnlock()
	snap, err := segment.Take(h.index, &h.memory)
	if err != nil {
		return "", err
	}
	defer snap.Close()
	sums := map[string]uint64{}
	for _, p := range snap.Segments {
		if err := sumPart(ctx, p, sums); err != nil {
			return "", err
		}
	}
	total := sha256.New()
	for _, id := range sortedKeys(sums) {
		fmt.Fprintf(total, "%s %x\n", id, sums[id])
	}
	return fmt.Sprintf("%d documents %s", len(sums), hex.EncodeToString(total.Sum(nil)[:12])), nil
}

// sumPart adds to the sums of the documents what the part holds of each.
func sumPart(ctx context.Context, p *segment.Part, sums map[string]uint64) error {
	ids := make([]string, p.Segment.Count())
	live := roaring.New()
	live.AddRange(0, p.Segment.Count())
	if p.Deleted != nil {
		live.AndNot(p.Deleted)
	}
	for it := live.Iterator(); it.HasNext(); {
		doc := it.Next()
		id, err := p.Segment.DocID(uint64(doc))
		if err != nil {
			return fmt.Errorf("search: read document id: %w", err)
		}
		ids[doc] = string(id)
		sums[ids[doc]] += 1
		if err := p.Segment.VisitStoredFields(uint64(doc), func(name string, _ byte, value []byte, _ []uint64) bool {
			if name == fieldNear {
				sum := fnv.New64a()
				_, _ = sum.Write(value) // a hash takes everything
				sums[ids[doc]] += sum.Sum64()
			}
			return true
		}); err != nil {
			return fmt.Errorf("search: read stored fields: %w", err)
		}
	}
	for _, f := range fields {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.kept {
			continue
		}
		var fail error
		err := p.Prefixed(f.name, "", func(term string) bool {
			sum := fnv.New64a()
			fmt.Fprintf(sum, "%s\x00%s", f.name, term)
			base := sum.Sum64()
			fail = p.Freqs(f.name, term, live, func(doc uint32, freq uint64, _ float64) {
				if !f.counted {
					freq = 1
				}
				sums[ids[doc]] += (base ^ freq*0x9e3779b97f4a7c15) * 0x100000001b3
			})
			return fail == nil
		})
		if err := cmp.Or(fail, err); err != nil {
			return fmt.Errorf("search: read %s: %w", f.name, err)
		}
	}
	return nil
}
