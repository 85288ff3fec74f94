package credential

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"sportello/store/fault"
	"sportello/store/spelling"
)

// The cost of a password: about 20 ms of one core and 19 MiB.
const (
	costMemory  = 19 * 1024 // KiB
	costTime    = 2
	costThreads = 1
	saltBytes   = 16
	keyBytes    = 32
)

// The limits of a password.
const (
	MinPassword = 10   // characters
	MaxPassword = 1024 // bytes
)

// cores limits the passwords hashed at once to the number of cores: more would only use memory.
var cores = make(chan struct{}, runtime.GOMAXPROCS(0))

// longestWait is how long a sign-in waits for a core before it is refused for now, so that a queue cannot grow without
// end.
const longestWait = 10 * time.Second

func takeCore(ctx context.Context) (release func(), err error) {
	release = func() { <-cores }
	select {
	case cores <- struct{}{}:
		return release, nil
	default:
	}
	wait := time.NewTimer(longestWait)
	defer wait.Stop()
	select {
	case cores <- struct{}{}:
		return release, nil
	case <-wait.C:
		return nil, tooMany(longestWait)
	case <-ctx.Done():
		return nil, fmt.Errorf("credential: wait for a core: %w", ctx.Err())
	}
}

// Hash returns the stored form of a password (argon2id as a PHC string, with its own salt). It takes tens of
// milliseconds and waits while all cores are busy hashing, so call it outside transactions. A password above
// MaxPassword bytes is Invalid "error.password-long"; Rule judges whether it is a good one.
func Hash(password string) (string, error) {
	if len(password) > MaxPassword {
		return "", errLong()
	}
	cores <- struct{}{}
	defer func() { <-cores }()
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	key := derive(password, salt, costTime, costMemory, costThreads, keyBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, costMemory, costTime, costThreads,
		b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// nobody is compared with when there is no stored password, so that the comparison takes as long. No password matches
// it.
var nobody = "$argon2id$v=19$m=19456,t=2,p=1$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43)

// matches reports whether the password matches the PHC string. The caller holds a core.
func matches(password, phc string) (bool, error) {
	var version, memory, passes int
	var threads uint8
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errors.New("credential: stored password is not argon2id")
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, fmt.Errorf("credential: stored password has version %q", parts[2])
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads); err != nil ||
		memory < 8 || memory > 1<<20 || passes < 1 || passes > 100 || threads < 1 {
		return false, fmt.Errorf("credential: stored password has cost %q", parts[3])
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("credential: read salt: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) < 16 {
		return false, errors.New("credential: stored password has no key")
	}
	got := derive(password, salt, uint32(passes), uint32(memory), threads, uint32(len(want))) // #nosec G115 -- all three bounded above
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// hashed counts the passwords that were hashed.
var hashed atomic.Uint64

// Hashed returns how many passwords this process has hashed. It shows how much of the machine guessing takes. Tests use
// it to check that an unknown address costs as much as a known one.
func Hashed() uint64 { return hashed.Load() }

// derive computes the hash; nothing else does.
func derive(password string, salt []byte, passes, memory uint32, threads uint8, size uint32) []byte {
	hashed.Add(1)
	return argon2.IDKey(plain(password), salt, passes, memory, threads, size)
}

// plain gives a password the same bytes whichever way a keyboard composes accented letters.
func plain(password string) []byte { return norm.NFC.Bytes([]byte(password)) }

// Rule returns nil when the password is good enough for the person with this address and name, else an Invalid error of
// the field password: "error.password-short" below MinPassword characters (Args "characters"), "error.password-long"
// above MaxPassword bytes, "error.password-common" when it is easily guessed: little more than a well-known word, a run
// of keys or few different characters, or containing the name or the beginning of the address.
func Rule(password, email, name string) error {
	if len(password) > MaxPassword {
		return errLong()
	}
	if utf8.RuneCountInString(norm.NFC.String(password)) < MinPassword {
		return fault.New(fault.Invalid, "error.password-short", "characters", MinPassword).At("password")
	}
	own := ownWords(email, name)
	folded := spelling.Fold(password)
	for _, f := range []string{folded, unleet.Replace(folded)} {
		if isCommon(f) || slices.ContainsFunc(own, func(w string) bool { return strings.Contains(f, w) }) {
			return errCommon()
		}
	}
	return nil
}

func errLong() error {
	return fault.New(fault.Invalid, "error.password-long", "bytes", MaxPassword).At("password")
}

func errCommon() error { return fault.New(fault.Invalid, "error.password-common").At("password") }

// shortestOwn keeps names like "Li" or "Ugo" from excluding half of all words.
const shortestOwn = 4

// ownWords returns the words that everyone knows about a person.
func ownWords(email, name string) []string {
	local, _, _ := strings.Cut(email, "@")
	words := []string{spelling.Fold(local)}
	for _, s := range []string{local, name} {
		words = append(words, strings.FieldsFunc(spelling.Fold(s), func(r rune) bool { return !unicode.IsLetter(r) })...)
	}
	return slices.DeleteFunc(words, func(w string) bool { return utf8.RuneCountInString(w) < shortestOwn })
}

// unleet reverses the usual substitutions of letters.
var unleet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

// worthOfRest is how many different characters a password must have without the well-known words in it.
const worthOfRest = 5

func isCommon(folded string) bool {
	rest := folded
	for _, w := range commonWords {
		rest = strings.ReplaceAll(rest, w, "")
	}
	different := map[rune]bool{}
	var last rune
	for _, r := range rest {
		if r != last+1 && r != last-1 { // an ascending or descending run adds nothing after its first character
			different[r] = true
		}
		last = r
	}
	return len(different) < worthOfRest
}

// commonWords are the words from which passwords are most often made here: words of sign-in forms, the university,
// keyboards, months, football and affection. Longer ones come first, so that they are removed whole.
var commonWords = func() []string {
	words := strings.Fields(`password passwort parolachiave parola passw pass segreto segreta secret welcome benvenuto benvenuta
		accesso login letmein entrare apriti cambiami changeme cambia temporanea provvisoria default master
		admin administrator amministratore root utente user guest ospite test prova demo
		sportello helpdesk ticket ateneo universita university studente docente facolta segreteria ufficio laurea esame
		ugov u-gov esse3 cineca titulus contabilita ricerca biblioteca
		qwertyuiop qwerty qwertz asdfghjkl asdfgh asdf zxcvbnm zxcvbn zxcv qazwsx 1q2w3e4r 1qaz2wsx abcdef
		1234567890 123456789 12345678 123456 12345 1234 123 0987654321 987654321 654321 4321 321
		gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
		january february march april june july august september october november december
		lunedi martedi mercoledi giovedi venerdi sabato domenica monday friday sunday
		primavera estate autunno inverno spring summer autumn winter
		juventus juve inter milan napoli roma lazio torino forza calcio football ferrari
		amore tiamo iloveyou love tesoro stella angelo angela principessa princess sunshine ciao buongiorno
		mamma papa famiglia bambino gattino cucciolo
		italia italy roma milano torino bologna firenze venezia palermo genova
		andrea marco francesco francesca alessandro alessandra giuseppe giovanni antonio matteo lorenzo simone federica
		martina chiara valentina sara giulia michele stefano roberto paolo luca
		dragon monkey superman batman pokemon computer internet windows google samsung
		2020 2021 2022 2023 2024 2025 2026 2027 2028 2029 2030`)
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(words)
}()
