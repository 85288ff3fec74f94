package post

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

const (
	ReplyMAC  = 10
	ReadMAC   = 16
	ReturnMAC = 10
)

var tokenCode = base32.StdEncoding.WithPadding(base32.NoPadding)

func (po *Post) sign(purpose string, numbers []byte, n int) []byte {
	key := hmac.New(sha256.New, po.Mail().Key)
	key.Write([]byte("sportello mail " + purpose + " 1"))
	m := hmac.New(sha256.New, key.Sum(nil))
	m.Write(numbers)
	return m.Sum(nil)[:n]
}

// Token returns a token for the numbers and the purpose, with size bytes of signature.
func (po *Post) Token(purpose string, size int, numbers ...uint64) string {
	var b []byte
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n)
	}
	return strings.ToLower(tokenCode.EncodeToString(append(b, po.sign(purpose, b, size)...)))
}

// OpenToken returns the numbers in a token, and false when this desk did not make it for the purpose.
func (po *Post) OpenToken(purpose string, size int, token string) ([]uint64, bool) {
	if len(po.Mail().Key) == 0 || len(token) > 120 {
		return nil, false
	}
	raw, err := tokenCode.DecodeString(strings.ToUpper(token))
	if err != nil || len(raw) <= size {
		return nil, false
	}
	numbers, mac := raw[:len(raw)-size], raw[len(raw)-size:]
	if !hmac.Equal(mac, po.sign(purpose, numbers, size)) {
		return nil, false
	}
	var out []uint64
	for len(numbers) > 0 {
		n, used := binary.Uvarint(numbers)
		if used <= 0 {
			return nil, false
		}
		out, numbers = append(out, n), numbers[used:]
	}
	return out, true
}

// WithoutTag removes a tag from the local part: desk+tag@host becomes desk@host.
func WithoutTag(address string) string {
	local, host, ok := strings.Cut(address, "@")
	if i := strings.IndexByte(local, '+'); ok && i > 0 {
		return local[:i] + "@" + host
	}
	return address
}
