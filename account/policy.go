// Policy: which new passwords are refused, and why in words.

package account

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Length of a password in characters (OWASP ASVS 5.0, 6.2; NIST SP 800-63B): no rule says which
// characters.
const (
	MinPassword = 12
	MaxPassword = 256
)

// PolicyError says, in words for the person who typed the password, why it is refused. It does not
// hold the password.
type PolicyError struct{ Rule string }

func (e *PolicyError) Error() string { return "account: the password " + e.Rule }

// CheckPassword reports as a [*PolicyError] why password may not become the password of username:
// it is too short or too long, is widely used, is a sequence or a repetition, or holds the
// username.
func CheckPassword(username, password string) error {
	if len(password) > MaxPassword*utf8.UTFMax || !utf8.ValidString(password) {
		return longOrBroken(password)
	}
	switch n := utf8.RuneCountInString(norm.NFC.String(password)); {
	case n < MinPassword:
		return &PolicyError{fmt.Sprintf("is too short: use at least %d characters", MinPassword)}
	case n > MaxPassword:
		return longOrBroken(password)
	}
	key := Canonical(username)
	folded := fold(password)
	switch {
	case key != "" && (folded == key || utf8.RuneCountInString(key) >= 4 && strings.Contains(folded, key)):
		return &PolicyError{"holds the username: choose one that does not"}
	case repeats(folded):
		return &PolicyError{"repeats a shorter piece: choose one that does not"}
	case sequential(folded):
		return &PolicyError{"is made of sequences such as 1234, abcd or qwerty: choose a less regular one"}
	case widelyUsed(folded):
		return &PolicyError{"is widely used and among the first to be guessed: choose another one"}
	}
	return nil
}

func longOrBroken(password string) error {
	if !utf8.ValidString(password) {
		return &PolicyError{"is not valid text (UTF-8)"}
	}
	return &PolicyError{fmt.Sprintf("is too long: use at most %d characters", MaxPassword)}
}

// fold is the form in which a password is compared with lists; it is hashed as it is.
func fold(password string) string { return strings.ToLower(norm.NFKC.String(password)) }

// repeats reports whether s is a piece shorter than a password may be, over and over.
func repeats(s string) bool {
	runes := []rune(s)
	for size := 1; size < MinPassword && size*2 <= len(runes); size++ {
		same := true
		for i := size; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-size]
		}
		if same {
			return true
		}
	}
	return false
}

// keyboard has the rows of the common keyboards, and the diagonals people run down.
var keyboard = []string{
	"`1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./", "qwertzuiop", "azertyuiop", "qsdfghjklm", "yxcvbnm",
	"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "qazwsxedcrfvtgbyhnujmik,ol.p;/",
}

// sequential reports whether s consists of runs of at least four characters on average, where in a
// run each follows the last one in the alphabet, among the digits or on the keyboard, either way,
// or equals it.
func sequential(s string) bool {
	return runs(s)*4 <= utf8.RuneCountInString(s)
}

// runs counts the sequences s consists of.
func runs(s string) int {
	n := 0
	var last rune
	for i, r := range s {
		if i == 0 || !adjacent(last, r) {
			n++
		}
		last = r
	}
	return n
}

func adjacent(a, b rune) bool {
	if d := a - b; -1 <= d && d <= 1 || a == '9' && b == '0' || a == '0' && b == '9' {
		return true
	}
	pair, back := string([]rune{a, b}), string([]rune{b, a})
	for _, row := range keyboard {
		if strings.Contains(row, pair) || strings.Contains(row, back) {
			return true
		}
	}
	return false
}

// maxAround is how many characters, a sequence counting as one, still leave a common word in their
// middle weak.
const maxAround = 6

// widelyUsed reports whether s is in the list of common passwords, or is one common word (with
// letters written as digits or not) and little around it: Password123!, !!welcome2026,
// adm1nistrat0r, monkey123456789.
func widelyUsed(s string) bool {
	lists := loadLists()
	if lists.common[s] || lists.common[unleet(s)] {
		return true
	}
	core := strings.TrimFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
	before, after, _ := strings.Cut(s, core)
	if runs(before)+runs(after) > maxAround {
		return false
	}
	return lists.stems[core] || lists.stems[unleet(core)] || lists.common[core] || lists.common[unleet(core)]
}

var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "@", "a", "$", "s", "!", "i")

func unleet(s string) string { return leet.Replace(s) }

// The lists, one lower-case password or word a line; passwords/README.md says where they come from.
var (
	//go:embed passwords/common.txt
	commonList string
	//go:embed passwords/stems.txt
	stemList string
)

type passwordLists struct{ common, stems map[string]bool }

var loadLists = sync.OnceValue(func() passwordLists {
	return passwordLists{lineSet(commonList), lineSet(stemList)}
})

func lineSet(list string) map[string]bool {
	set := make(map[string]bool)
	for line := range strings.Lines(list) {
		set[strings.TrimSuffix(line, "\n")] = true
	}
	return set
}
