// Package key builds the keys of indexes.
package key

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Of builds an index key from parts whose bytes sort as the values do: a uint64 as eight bytes big-endian, a time as
// nanoseconds since 1970 with the sign bit flipped, a bool, a uint8 or an enumeration as one byte, a string with NUL written as
// 00 FF and ended by 00 01. Every part is of fixed width or ended, so that a key never is the prefix of a longer part.
// Any other type is a programming error and panics.
func Of(parts ...any) []byte {
	b := make([]byte, 0, 40)
	for _, p := range parts {
		switch v := p.(type) {
		case uint64:
			b = binary.BigEndian.AppendUint64(b, v)
		case time.Time:
			b = appendTime(b, v)
		case string:
			b = appendString(b, v)
		case bool:
			if v {
				b = append(b, 1)
			} else {
				b = append(b, 0)
			}
		case uint8:
			b = append(b, v)
		case interface{ Byte() byte }:
			b = append(b, v.Byte())
		default:
			panic(fmt.Sprintf("key: part of type %T", p))
		}
	}
	return b
}

// One returns the keys of the usual index function: exactly one entry.
func One(parts ...any) [][]byte { return [][]byte{Of(parts...)} }

// maxKeyString keeps index keys far below the 32 KiB that bbolt allows.
const maxKeyString = 1024

func appendString(b []byte, s string) []byte {
	if len(s) > maxKeyString {
		s = s[:maxKeyString]
	}
	for i := 0; i < len(s); i++ {
		b = append(b, s[i])
		if s[i] == 0 {
			b = append(b, 0xff)
		}
	}
	return append(b, 0, 1)
}

// appendTime writes the zero time as the smallest key; times outside the years 1678 to 2262 are held at the ends.
func appendTime(b []byte, t time.Time) []byte {
	var n int64
	switch {
	case t.IsZero() || t.Year() < 1678:
		n = -1 << 63
	case t.Year() > 2261:
		n = 1<<63 - 1
	default:
		n = t.UnixNano()
	}
	return binary.BigEndian.AppendUint64(b, uint64(n)^(1<<63)) // #nosec G115 -- turning the sign bit keeps the order of signed numbers
}

func ID(id uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 0, 8), id) }

func LastID(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

// Beginning returns the prefix of the keys whose first part is a string that begins with s.
func Beginning(s string) []byte {
	k := Of(s)
	return k[:len(k)-2]
}

// After returns the smallest key greater than every key that begins with prefix, nil when there is none.
func After(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			out := append([]byte(nil), prefix[:i+1]...)
			out[i]++
			return out
		}
	}
	return nil
}
