package extract

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" // #nosec G501 -- PDF's, not ours: files that exist are read
	"crypto/rc4" // #nosec G503 -- the same
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
)

// Many encrypted PDFs open without a password: their user password is empty, and the encryption only carries wishes
// about printing and copying. Such files are read with the standard security handler of ISO 32000-1, 7.6 (RC4 of 40 to
// 128 bits, AES of 128) and of ISO 32000-2, 7.6.4 (AES of 256, revisions 5 and 6). A file that needs a password is
// Encrypted. Only streams are decrypted, because all text that is read lies in streams.

// pdfLock decrypts the streams of a file.
type pdfLock struct {
	key    []byte
	method pdfName // V2 (RC4), AESV2, AESV3
}

// pdfPad fills a password up to 32 bytes; for an empty one it is the whole password.
var pdfPad = []byte("(\xbfN^Nu\x8aAd\x00NV\xff\xfa\x01\x08..\x00\xb6\xd0h>\x80/\x0c\xa9\xfedSiz")

var (
	errPassword = errors.New("it opens only with a password")
	errHandler  = errors.New("it is encrypted in an unsupported way")
)

// unlock returns the lock of the file, opened with the empty user password, and nil when its streams are not encrypted.
// It returns an error when the file needs a password.
func (f *pdf) unlock() (*pdfLock, error) {
	d := f.dict(f.encrypt)
	version, revision := f.number(d["V"], 0), f.number(d["R"], 0)
	if f.name(d["Filter"]) != "Standard" {
		return nil, errHandler
	}
	lock := &pdfLock{method: "V2"}
	size := 5
	switch version {
	case 1:
	case 2:
		size = keySize(f.number(d["Length"], 40))
	case 4, 5:
		size = 16
		way := f.name(d["StmF"])
		if way == "" || way == "Identity" {
			return nil, nil
		}
		lock.method = f.name(f.dict(f.dict(d["CF"])[way])["CFM"])
		if lock.method == "None" {
			return nil, nil
		}
	default:
		return nil, errHandler
	}
	switch {
	case version < 4 && (revision == 2 || revision == 3), version == 4 && revision == 4 && (lock.method == "V2" || lock.method == "AESV2"):
		lock.key = f.keyOfMD5(d, int(revision), size)
	case version == 5 && (revision == 5 || revision == 6) && lock.method == "AESV3":
		lock.key = f.keyOfSHA(d, int(revision))
	default:
		return nil, errHandler
	}
	if lock.key == nil {
		return nil, errPassword
	}
	return lock, nil
}

// keySize returns the length of a key in bytes. Some programs write it in bytes, although the standard requires bits.
func keySize(length float64) int {
	if length < 40 {
		length *= 8
	}
	return int(max(40, min(length, 128))) / 8
}

// keyOfMD5 returns the key by algorithm 2, nil when the user password is not empty (algorithms 4 and 5).
func (f *pdf) keyOfMD5(d pdfDict, revision, size int) []byte {
	owner, user := f.text(d["O"], 32), f.text(d["U"], 32)
	if owner == nil || user == nil {
		return nil
	}
	if revision == 2 {
		size = 5
	}
	var id []byte
	if ids := f.array(f.id); len(ids) > 0 {
		id = f.text(ids[0], 0)
	}
	h := md5.New() // #nosec G401 -- as PDF has it
	h.Write(pdfPad)
	h.Write(owner)
	h.Write(binary.LittleEndian.AppendUint32(nil, uint32(int64(f.number(d["P"], 0))))) // #nosec G115 -- written with a sign or without
	h.Write(id)
	if open, ok := f.get(d["EncryptMetadata"]).(bool); ok && !open && revision >= 4 {
		h.Write([]byte{0xff, 0xff, 0xff, 0xff})
	}
	key := h.Sum(nil)
	if revision == 2 {
		if key = key[:size]; bytes.Equal(rc4Of(key, pdfPad), user) {
			return key
		}
		return nil
	}
	for range 50 {
		sum := md5.Sum(key[:size]) // #nosec G401 -- as PDF has it
		key = sum[:]
	}
	key = key[:size]
	sum := md5.Sum(append(bytes.Clone(pdfPad), id...)) // #nosec G401 -- as PDF has it
	proof := sum[:]
	for i := range 20 {
		turned := bytes.Clone(key)
		for j := range turned {
			turned[j] ^= byte(i)
		}
		proof = rc4Of(turned, proof)
	}
	if !bytes.Equal(proof, user[:16]) {
		return nil
	}
	return key
}

// keyOfSHA returns the key by algorithm 2.A, nil when the user password is not empty.
func (f *pdf) keyOfSHA(d pdfDict, revision int) []byte {
	user, sealed := f.text(d["U"], 48), f.text(d["UE"], 32)
	if user == nil || sealed == nil {
		return nil
	}
	hash := func(salt []byte) []byte {
		if revision == 6 {
			return hardened(salt)
		}
		sum := sha256.Sum256(salt)
		return sum[:]
	}
	if !bytes.Equal(hash(user[32:40]), user[:32]) {
		return nil
	}
	block, err := aes.NewCipher(hash(user[40:48]))
	if err != nil {
		return nil
	}
	key := make([]byte, 32)
	cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(key, sealed)
	return key
}

// hardened is algorithm 2.B for an empty user password: at most 288 rounds, because the last byte is at most 255.
func hardened(salt []byte) []byte {
	sum := sha256.Sum256(salt)
	k := sum[:]
	for round, last := 0, 0; round < 64 || last > round-32; round++ {
		e := bytes.Repeat(k, 64)
		block, err := aes.NewCipher(k[:16])
		if err != nil {
			return nil
		}
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(e, e) // #nosec G407 -- as PDF has it
		rest := 0
		for _, c := range e[:16] {
			rest += int(c)
		}
		switch rest % 3 {
		case 0:
			sum := sha256.Sum256(e)
			k = sum[:]
		case 1:
			sum := sha512.Sum384(e)
			k = sum[:]
		case 2:
			sum := sha512.Sum512(e)
			k = sum[:]
		}
		last = int(e[len(e)-1])
	}
	return k[:32]
}

// text returns the first n bytes of a string, the whole string when n is 0, and nil when it is shorter.
func (f *pdf) text(o any, n int) []byte {
	s, ok := f.get(o).(pdfString)
	if !ok || len(s) < n {
		return nil
	}
	if n == 0 {
		n = len(s)
	}
	return []byte(s[:n])
}

// open returns the decrypted bytes of a stream, empty when they cannot be decrypted.
func (l *pdfLock) open(s *pdfStream) []byte {
	key := l.key
	if l.method != "AESV3" {
		h := md5.New() // #nosec G401 -- as PDF has it
		h.Write(l.key)
		h.Write([]byte{byte(s.ref), byte(s.ref >> 8), byte(s.ref >> 16), byte(s.generation), byte(s.generation >> 8)}) // #nosec G115 -- byte by byte
		if l.method == "AESV2" {
			h.Write([]byte("sAlT"))
		}
		key = h.Sum(nil)[:min(len(l.key)+5, 16)]
	}
	if l.method == "V2" {
		return rc4Of(key, s.raw)
	}
	n := len(s.raw) / aes.BlockSize * aes.BlockSize // line ends may follow the last block
	block, err := aes.NewCipher(key)
	if err != nil || n < 2*aes.BlockSize {
		return nil
	}
	out := make([]byte, n-aes.BlockSize)
	cipher.NewCBCDecrypter(block, s.raw[:aes.BlockSize]).CryptBlocks(out, s.raw[aes.BlockSize:n])
	if pad := int(out[len(out)-1]); pad >= 1 && pad <= aes.BlockSize {
		out = out[:len(out)-pad]
	}
	return out
}

func rc4Of(key, b []byte) []byte {
	c, err := rc4.NewCipher(key) // #nosec G405 -- as PDF has it
	if err != nil {
		return nil
	}
	out := make([]byte, len(b))
	c.XORKeyStream(out, b)
	return out
}

// decrypted returns the bytes of a stream for its filters. They count against the budget, because a stream may be
// requested many times.
func (f *pdf) decrypted(s *pdfStream) ([]byte, error) {
	if f.lock == nil || s.ref == 0 || s.dict["Type"] == pdfName("XRef") || f.isPlain(s) {
		return s.raw, nil
	}
	n := int64(len(s.raw))
	if n > min(f.left, maxPart) {
		f.left = 0
		return nil, &Error{TooMuch, errBudget}
	}
	f.left -= n
	return f.lock.open(s), nil
}

// isPlain reports whether the stream has a filter saying that it is not encrypted.
func (f *pdf) isPlain(s *pdfStream) bool {
	filters, params := f.get(s.dict["Filter"]), f.get(s.dict["DecodeParms"])
	if list, ok := filters.([]any); ok && len(list) > 0 {
		filters = f.get(list[0])
		if list, ok := params.([]any); ok && len(list) > 0 {
			params = list[0]
		}
	}
	way := f.name(f.dict(params)["Name"])
	return filters == pdfName("Crypt") && (way == "" || way == "Identity")
}
