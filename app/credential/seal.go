package credential

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// Seal encrypts a secret that the desk presents to another server, for storage in a row. It uses ChaCha20-Poly1305 with a
// key derived by HKDF from the desk's key and salt. about names the use of the secret; Open requires the same value.
func Seal(key, salt []byte, about, secret string) (string, error) {
	aead, err := sealing(key, salt)
	if err != nil {
		return "", err
	}
	box := make([]byte, chacha20poly1305.NonceSize, chacha20poly1305.NonceSize+len(secret)+chacha20poly1305.Overhead)
	rand.Read(box)
	return base64.RawStdEncoding.EncodeToString(aead.Seal(box, box, []byte(secret), []byte(about))), nil
}

// Open returns the secret given to Seal. It fails if key, salt or about differ.
func Open(key, salt []byte, about, sealed string) (string, error) {
	aead, err := sealing(key, salt)
	if err != nil {
		return "", err
	}
	box, err := base64.RawStdEncoding.DecodeString(sealed)
	if err == nil && len(box) < chacha20poly1305.NonceSize {
		err = errors.New("too short")
	}
	if err != nil {
		return "", fmt.Errorf("credential: open sealed secret: %w", err)
	}
	secret, err := aead.Open(nil, box[:chacha20poly1305.NonceSize], box[chacha20poly1305.NonceSize:], []byte(about))
	if err != nil {
		return "", errors.New("credential: the sealed secret was sealed by another desk, or before it was restored from a backup that is not encrypted: enter it again")
	}
	return string(secret), nil
}

func sealing(key, salt []byte) (cipher.AEAD, error) {
	k, err := hkdf.Key(sha256.New, key, salt, "sportello sealed secrets 1", chacha20poly1305.KeySize)
	if err != nil {
		return nil, fmt.Errorf("credential: make sealing key: %w", err)
	}
	return chacha20poly1305.New(k)
}
