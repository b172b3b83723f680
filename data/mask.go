// DefaultMasked: which columns are secret by their names.

package data

import (
	"slices"
	"strings"
	"unicode"
)

// The words by which a name is secret, in the singular; withPlurals adds the others.
var (
	// secretEnds are the ends of secret names: one word, or two written as one.
	secretEnds = withPlurals("token", "secret", "hash", "salt", "otp", "totp", "pin", "cvv", "cvc",
		"passcode", "passphrase", "pass", "pwd", "pw", "passwort", "kennwort", "credential", "jwt",
		"bearer", "pem", "seed", "iban", "ssn",
		"sessionkey", "sshkey", "clientkey", "activationkey", "webhookkey", "accesskey",
		"signingkey", "encryptionkey", "recoverycode", "backupcode", "resetcode",
		"securityanswer", "sessiondata", "cardnumber")

	// secretTails are the ends of the last word of a secret name, as in "authtoken".
	secretTails = withPlurals("token", "hash", "passwort", "kennwort")

	// secretAnywhere stand anywhere in a secret name; all but the first may be two words.
	secretAnywhere = []string{"secret", "password", "passwd", "apikey", "privatekey"}

	// secretNumbers are the last words that make a whole number a secret.
	secretNumbers = withPlurals("pin", "otp", "totp", "cvv", "cvc", "ssn")
)

// withPlurals adds the plurals of the words.
func withPlurals(words ...string) []string {
	for _, word := range words {
		if strings.HasSuffix(word, "s") || strings.HasSuffix(word, "sh") {
			words = append(words, word+"es")
		}
		if !strings.HasSuffix(word, "s") {
			words = append(words, word+"s") // of hash too: people write "hashs"
		}
	}
	return words
}

// DefaultMasked says whether a column's name speaks of a secret. It does
//
//   - by its last word: token, secret, hash, salt, otp, totp, pin, cvv, cvc, passcode,
//     passphrase, pass, pwd, pw, passwort, kennwort, credential, jwt, bearer, pem, seed, iban,
//     ssn, also in the plural; or a last word that ends in token, hash, passwort or kennwort
//     ("authtoken");
//   - by its last two words: session, ssh, client, activation, webhook, access, signing or
//     encryption with key; recovery, backup or reset with code; security answer, session data,
//     card number. Key, code, data and number alone say nothing;
//   - by password, passwd, secret, apikey or privatekey anywhere in it.
//
// Words are split at anything but letters and digits, and at camelCase humps. Digits and
// versions at the end are left out ("session_key2"), and two words may be written as one
// ("SSHKEY").
//
// Booleans, dates, times and numbers are not secrets, but for whole numbers whose last word is
// pin, otp, totp, cvv, cvc or ssn. A reference to another table is not a secret by its name: it
// is one where the column that it refers to is one (see [Config]).
func DefaultMasked(_ string, c Column) bool {
	words := nameWords(c.Name)
	for n := len(words); n > 0 && numeral(words[n-1]); n-- {
		words = words[:n-1]
	}
	if len(words) == 0 || c.Refers {
		return false
	}
	last := strings.TrimRight(words[len(words)-1], "0123456789")
	words = append(words[:len(words)-1], last)
	switch c.Kind {
	case KindBool, KindDate, KindTime, KindDateTime, KindReal:
		return false
	case KindDecimal, KindInteger:
		return c.Scale == 0 && slices.Contains(secretNumbers, last)
	}
	for i, word := range words {
		contained := func(part string) bool { return strings.Contains(word, part) }
		if slices.ContainsFunc(secretAnywhere, contained) && !strings.Contains(word, "secretar") {
			return true
		}
		rest := strings.Join(words[i:], "") // words may be split where none ends: "APIkey"
		begins := func(part string) bool { return strings.HasPrefix(rest, part) }
		if slices.Contains(secretEnds, rest) || slices.ContainsFunc(secretAnywhere[1:], begins) {
			return true
		}
	}
	return slices.ContainsFunc(secretTails, func(end string) bool { return len(last) > 5 && strings.HasSuffix(last, end) })
}

// numeral says whether a word only counts: 2, or v2.
func numeral(word string) bool {
	return strings.Trim(strings.TrimPrefix(word, "v"), "0123456789") == "" && word != "v"
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
