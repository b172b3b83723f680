// Package namelist reads lists of names of tables and columns as people write them: separated by a
// character, with names that hold it in double quotes.
package namelist

import (
	"fmt"
	"strings"
)

// Split splits text at a character outside double quotes, and trims the blanks around the parts.
// Quotes stay. An empty part, and a quote that is not closed, are errors.
func Split(text string, at byte) ([]string, error) {
	var parts []string
	quoted := false
	start := 0
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && text[i] == '"':
			quoted = !quoted
		case i == len(text) || text[i] == at && !quoted:
			part := strings.TrimSpace(text[start:i])
			if part == "" {
				return nil, fmt.Errorf("%q has an empty name in it", text)
			}
			parts = append(parts, part)
			start = i + 1
		}
	}
	if quoted {
		return nil, fmt.Errorf("%q has a double quote that is not closed", text)
	}
	return parts, nil
}

// Unquote is the name that a part of Split means, and whether it stands for every name: that is *
// without quotes.
func Unquote(part string) (name string, every bool, err error) {
	if part == "*" {
		return part, true, nil
	}
	inner, opened := strings.CutPrefix(part, `"`)
	if !opened {
		if strings.Contains(part, `"`) {
			return "", false, fmt.Errorf(`%q has a double quote inside: put the whole name in quotes, and write "" for each of its own`, part)
		}
		return part, false, nil
	}
	inner, closed := strings.CutSuffix(inner, `"`)
	name = strings.ReplaceAll(inner, `""`, `"`)
	if !closed || strings.Count(inner, `"`) != 2*strings.Count(name, `"`) || inner == "" {
		return "", false, fmt.Errorf("%q is not a name in double quotes", part)
	}
	return name, false, nil
}
