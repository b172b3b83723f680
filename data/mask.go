package data

// This file decides which columns are secret by their names.

import (
	"slices"
	"strings"
	"unicode"
)

// DefaultMasked says whether a column's name speaks of a secret: it holds "password", "passwd" or "secret" anywhere;
// or one of the words pwd, passphrase, token, hash, salt, otp, credential (also plural, also at the end of a word, as
// in "authtoken"); or api, access, private or signing followed by key. Words are split at anything but letters and
// digits, and at camelCase humps. An integer whose last word is "id" refers to a secret and is none.
func DefaultMasked(_ string, c *Column) bool {
	words := nameWords(c.Name)
	if len(words) == 0 || c.Kind == KindInteger && words[len(words)-1] == "id" {
		return false
	}
	joined := strings.Join(words, "")
	for _, part := range []string{"password", "passwd", "secret", "apikey", "privatekey"} {
		if strings.Contains(joined, part) {
			return true
		}
	}
	for i, word := range words {
		word = strings.TrimSuffix(word, "s")
		if word == "hashe" {
			word = "hash"
		}
		if slices.Contains([]string{"pwd", "passphrase", "token", "hash", "salt", "otp", "totp", "credential", "pas"}, word) ||
			len(word) > 5 && (strings.HasSuffix(word, "token") || strings.HasSuffix(word, "hash")) {
			return true
		}
		if word == "key" && i > 0 && slices.Contains([]string{"api", "access", "private", "signing", "encryption"}, words[i-1]) {
			return true
		}
	}
	return false
}

// nameWords splits a column's name into lower-case words.
func nameWords(name string) []string {
	var words []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = nil
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
			continue
		}
		if unicode.IsUpper(r) && i > 0 {
			afterLower := unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1])
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])
			if afterLower || beforeLower {
				flush()
			}
		}
		word = append(word, r)
	}
	flush()
	return words
}
