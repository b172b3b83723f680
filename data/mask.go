package data

// This file decides which columns are secret by their names. veil.go has what is secret because of them.

import (
	"slices"
	"strings"
	"unicode"
)

// What a name is secret by, without the plural's s.
var (
	// secretEnds are what a secret's name ends with: a word, or two without what is between them.
	secretEnds = []string{"token", "secret", "hash", "salt", "otp", "totp", "pin", "cvv", "cvc", "passcode", "passphrase", "pas", "pwd", "pw", "passwort",
		"kennwort", "credential", "jwt", "bearer", "pem", "seed", "iban", "ssn",
		"sessionkey", "sshkey", "clientkey", "activationkey", "webhookkey", "accesskey", "signingkey", "encryptionkey", "recoverycode", "backupcode", "resetcode",
		"securityanswer", "sessiondata", "cardnumber"}
	// secretTails are what the last word of a secret's name ends with, as in "authtoken".
	secretTails = []string{"token", "hash", "passwort", "kennwort"}
	// secretAnywhere stand anywhere in a secret's name; all but the first may be two words.
	secretAnywhere = []string{"secret", "password", "passwd", "apikey", "privatekey"}
	// secretNumbers are the last words that make whole numbers secrets.
	secretNumbers = []string{"pin", "otp", "totp", "cvv", "cvc", "ssn"}
)

// DefaultMasked says whether a column's name speaks of a secret. It does
//
//   - by its last word: token, secret, hash, salt, otp, totp, pin, cvv, cvc, passcode, passphrase, pass, pwd, pw, passwort,
//     kennwort, credential, jwt, bearer, pem, seed, iban, ssn, also in the plural; or a last word that ends in token, hash,
//     passwort or kennwort ("authtoken");
//   - by its last two: session, ssh, client, activation, webhook, access, signing or encryption with key; recovery, backup
//     or reset with code; security answer, session data, card number. Key, code, data and number alone say nothing;
//   - by password, passwd, secret, apikey or privatekey anywhere in it.
//
// Words are split at anything but letters and digits, and at camelCase humps; digits and versions at the end are left
// out ("session_key2"), and two words may be written as one ("SSHKEY").
//
// Booleans, dates, times and numbers are no secrets, but for whole numbers whose last word is pin, otp, totp, cvv, cvc or
// ssn. Neither is a reference to another table: it is one where what it refers to is (see [Options]).
func DefaultMasked(_ string, c *Column) bool { return !c.refers && secretName(c) }

// secretName is DefaultMasked for a column that refers to nothing.
func secretName(c *Column) bool {
	words := nameWords(c.Name)
	for n := len(words); n > 0 && numeral(words[n-1]); n-- {
		words = words[:n-1]
	}
	if len(words) == 0 {
		return false
	}
	last := singular(strings.TrimRight(words[len(words)-1], "0123456789"))
	words = append(words[:len(words)-1], last)
	switch c.Kind {
	case KindBool, KindDate, KindTime, KindDateTime, KindReal:
		return false
	case KindDecimal, KindInteger:
		return c.Scale == 0 && slices.Contains(secretNumbers, last)
	}
	for i, word := range words {
		if slices.ContainsFunc(secretAnywhere, func(part string) bool { return strings.Contains(word, part) }) && !strings.Contains(word, "secretar") {
			return true
		}
		rest := strings.Join(words[i:], "") // words may be split where none ends: "APIkey"
		if slices.Contains(secretEnds, rest) || slices.ContainsFunc(secretAnywhere[1:], func(part string) bool { return strings.HasPrefix(rest, part) }) {
			return true
		}
	}
	return slices.ContainsFunc(secretTails, func(end string) bool { return len(last) > 5 && strings.HasSuffix(last, end) })
}

// numeral says whether a word only counts: 2, or v2.
func numeral(word string) bool {
	return strings.Trim(strings.TrimPrefix(word, "v"), "0123456789") == "" && word != "v"
}

func singular(word string) string {
	word = strings.TrimSuffix(word, "s")
	if word == "hashe" {
		word = "hash"
	}
	return word
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
