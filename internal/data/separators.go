// Separators: numbers as people write them in other languages, and what to write instead.

package data

import (
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// notNumber says that text is not a number, and how to write the one that it looks like:
// "49,90", "1.234,56", "1 234.5", "١٢٫٥" or "−3". Nothing is guessed: where a separator can
// be read in two ways, both are named.
func notNumber(given string, whole bool) error {
	if len(given) > maxNumber {
		return numberError(whole)
	}
	written, or := withPoint(plainDigits(given))
	if whole {
		if or != "" {
			written, or = or, ""
		}
		if strings.Contains(written, ".") {
			return errWhole
		}
	}
	switch {
	case written == given || parseNumber(written) == nil:
		return numberError(whole)
	case or != "":
		return misfit{text.NumberPointOr(written, or)}
	case strings.Contains(written, "."):
		return misfit{text.NumberPoint(written)}
	case whole:
		return misfit{text.WriteWhole(written)}
	default:
		return misfit{text.WriteNumber(written)}
	}
}

func numberError(whole bool) error {
	if whole {
		return errWhole
	}
	return misfit{text.NumberWanted}
}

// withPoint writes a number with a point and without groups. Where a comma can be either, or
// is the number without it. What cannot be told comes back as it is.
func withPoint(text string) (written, or string) {
	commas, points := strings.Count(text, ","), strings.Count(text, ".")
	noCommas := strings.ReplaceAll(text, ",", "")
	commaIsPoint := strings.ReplaceAll(strings.ReplaceAll(text, ".", ""), ",", ".")
	switch {
	case commas == 0 && points > 1: // 1.234.567
		return strings.ReplaceAll(text, ".", ""), ""
	case commas == 0:
		return text, ""
	case points > 0 && strings.LastIndexByte(text, '.') > strings.LastIndexByte(text, ','): // 1,234.56
		return noCommas, ""
	case points == 0 && commas > 1: // 1,234,567
		return noCommas, ""
	}
	whole, fraction, _ := strings.Cut(strings.TrimLeft(text, "+-"), ",")
	if points == 0 && len(fraction) == 3 && len(whole) <= 3 && whole != "" && whole[0] != '0' { // 1,234
		return commaIsPoint, noCommas
	}
	return commaIsPoint, "" // 49,90 and 1.234,56
}

// plainDigits is text with digits of other alphabets, signs and separators as ASCII has
// them, without what separates groups and is neither a point nor a comma.
func plainDigits(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩': // Arabic-Indic
			return '0' + r - '٠'
		case r >= '۰' && r <= '۹': // Persian
			return '0' + r - '۰'
		case r >= '०' && r <= '९': // Devanagari
			return '0' + r - '०'
		case r >= '０' && r <= '９': // full width
			return '0' + r - '０'
		}
		switch r {
		case '٫', '，', '﹐': // Arabic decimal separator, full-width commas
			return ','
		case '．', '·':
			return '.'
		case '−', '–', '－', '﹣': // minus sign, en dash, full width
			return '-'
		case '＋':
			return '+'
		case ' ', '\t', '\u00a0', '\u202f', '\u2009', '\'', '’', '٬', '_':
			return -1
		}
		return r
	}, strings.TrimSpace(text))
}
