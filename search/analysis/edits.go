package analysis

// Edits calls fn for the words one letter away: one left out, swapped with the next, replaced, put in. fn must not keep
// the word; it returns false to stop.
func Edits(term string, fn func(word []byte) bool) {
	buf := make([]byte, 0, len(term)+1)
	for i := 0; i < len(term); i++ {
		buf = append(append(buf[:0], term[:i]...), term[i+1:]...)
		if !fn(buf) {
			return
		}
	}
	for i := 0; i+1 < len(term); i++ {
		buf = append(buf[:0], term...)
		buf[i], buf[i+1] = buf[i+1], buf[i]
		if !fn(buf) {
			return
		}
	}
	for i := 0; i <= len(term); i++ {
		for c := byte('a'); c <= 'z'; c++ {
			if i < len(term) && c != term[i] {
				buf = append(buf[:0], term...)
				buf[i] = c
				if !fn(buf) {
					return
				}
			}
			buf = append(append(append(buf[:0], term[:i]...), c), term[i:]...)
			if !fn(buf) {
				return
			}
		}
	}
}

// LanguageOf returns the known language of a text, else the one it looks like.
func LanguageOf(language, text string) string {
	if Lexicons[language] != nil {
		return language
	}
	return GuessLanguage(text)
}
