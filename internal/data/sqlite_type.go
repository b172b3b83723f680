// This file reads SQLite's declared types.

package data

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// SQLite's type affinities (https://www.sqlite.org/datatype3.html section 3.1).
const (
	affinityInteger = "INTEGER"
	affinityReal    = "REAL"
	affinityNumeric = "NUMERIC"
	affinityText    = "TEXT"
	affinityBlob    = "BLOB"
)

// sqliteAffinity is the rule of https://www.sqlite.org/datatype3.html section 3.1.
func sqliteAffinity(declared string) string {
	upper := strings.ToUpper(declared)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(upper, part) })
	}
	switch {
	case has("INT"):
		return affinityInteger
	case has("CHAR", "CLOB", "TEXT"):
		return affinityText
	case has("BLOB") || strings.TrimSpace(upper) == "" || upper == "ANY":
		return affinityBlob
	case has("REAL", "FLOA", "DOUB"):
		return affinityReal
	}
	return affinityNumeric
}

var typeScale = regexp.MustCompile(`\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\)`)

// sqliteDecimal reads the (precision, scale) of a declared type; zeros if there is none that makes
// sense.
func sqliteDecimal(declared string) (precision, scale int) {
	m := typeScale.FindStringSubmatch(declared)
	if m == nil {
		return 0, 0
	}
	precision, _ = strconv.Atoi(m[1]) // two digits at most
	scale, _ = strconv.Atoi(m[2])     // none is 0
	if scale > precision {
		return 0, 0
	}
	return precision, scale
}

var typeLength = regexp.MustCompile(`\(\s*(\d{1,9})\s*\)`)

// longText is the declared length from which text is edited on several lines.
const longText = 500

// sqliteKind reads a declared type as people write it for any engine. A numeric name whose affinity
// is text is text.
func sqliteKind(declared, affinity string) (Kind, int) {
	name := strings.ToUpper(strings.TrimSpace(declared))
	length := 0
	if m := typeLength.FindStringSubmatch(name); m != nil {
		length, _ = strconv.Atoi(m[1]) // nine digits at most
	}
	if i := strings.IndexByte(name, '('); i >= 0 {
		name = strings.TrimSpace(name[:i])
	}
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(name, part) })
	}
	numeric := func(kind Kind) (Kind, int) {
		if affinity == affinityText {
			return KindText, 0
		}
		return kind, 0
	}
	switch {
	case name == "" || name == "ANY":
		return KindAny, 0
	case has("JSON"):
		return KindJSON, 0
	case has("UUID", "GUID", "UNIQUEIDENTIFIER"):
		return KindUUID, 0
	case has("DATETIME", "TIMESTAMP"):
		return KindDateTime, 0
	case name == "DATE":
		return KindDate, 0
	case name == "TIME" || strings.HasPrefix(name, "TIME "):
		return KindTime, 0
	case has("BOOL"):
		return numeric(KindBool)
	case has("DECIMAL", "NUMERIC", "MONEY", "NUMBER") || name == "NUM":
		return numeric(KindDecimal)
	case has("INT") && affinity == affinityInteger || name == "SERIAL" || name == "BIGSERIAL":
		return KindInteger, 0
	case has("CLOB", "LONGTEXT", "MEDIUMTEXT"):
		return KindLongText, length
	case affinity == affinityText || has("STRING"):
		if length > longText {
			return KindLongText, length
		}
		return KindText, length
	case has("BLOB", "BINARY", "BYTEA"):
		return KindBlob, 0
	case has("REAL", "FLOA", "DOUB"):
		return KindReal, 0
	}
	return KindAny, 0
}
