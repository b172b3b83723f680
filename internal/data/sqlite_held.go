// This file looks at what columns of SQLite hold, which may be anything.

package data

import (
	"fmt"
	"strings"
)

// Rows that are looked at of a large table: from each end, and between at as many places.
const (
	sqliteEnds   = 1000
	sqlitePlaces = 80
	sqliteEach   = 100
)

// classes selects, of all rows of a table that is not large (whole) or of some rows of it, how many
// of them there are with each combination of classes (held.go) of the columns' values: the number,
// then a class for each column. It reports false where there is no such look.
func (d *sqlite) classes(t *Table, columns []*Column, whole bool) (fragment, bool) {
	if whole && t.rowid != "" && t.Estimate > heldWhole {
		return fragment{}, false
	}
	var codes, numbers []string
	for i, c := range columns {
		codes = append(codes, d.classOf(c, d.column(c))+fmt.Sprint(" AS k", i))
		numbers = append(numbers, fmt.Sprint("k", i))
	}
	by := strings.Join(numbers, ", ")
	return fragment{text: "SELECT COUNT(*), " + by + " FROM (" + d.someRows(t, strings.Join(codes, ", "), whole) + ") GROUP BY " + by}, true
}

// oddTexts selects, of the same rows, the texts of a column that do not read as its kind, each
// once, at most heldOdd + 1.
func (d *sqlite) oddTexts(t *Table, c *Column, whole bool) fragment {
	x := d.column(c)
	odd := fmt.Sprintf("CASE WHEN %s = %d AND %s <= %d THEN %s COLLATE BINARY END AS v0", d.classOf(c, x), classOddText, d.size(x), 4*MaxFilterValue, x)
	return fragment{text: fmt.Sprintf("SELECT DISTINCT v0 FROM (%s) WHERE v0 IS NOT NULL LIMIT %d", d.someRows(t, odd, whole), heldOdd+1)}
}

// someRows selects expressions of all rows of a table that is not large, or of some rows of
// another: the first and last ones, and some from places between. typeof and octet_length are asked
// of the columns themselves: then SQLite loads no long value.
func (d *sqlite) someRows(t *Table, expressions string, whole bool) string {
	selected := "SELECT " + expressions + " FROM " + d.from(t)
	switch {
	case whole:
		return selected + fmt.Sprint(" LIMIT ", heldWhole+1)
	case t.rowid == "":
		return selected + fmt.Sprint(" LIMIT ", sqlitePlaces*sqliteEach)
	}
	id := d.place(t, term{})
	part := func(format string, values ...any) string {
		return "SELECT * FROM (SELECT " + id + " FROM " + d.from(t) + fmt.Sprintf(format, values...) + ")"
	}
	parts := []string{part(" ORDER BY %s LIMIT %d", id, sqliteEnds), part(" ORDER BY %s DESC LIMIT %d", id, sqliteEnds)}
	for i := 1; i < sqlitePlaces; i++ {
		parts = append(parts, part(" WHERE %s >= (SELECT CAST(lo + (hi - lo) / %d * %d AS INTEGER) FROM ends) ORDER BY %[1]s LIMIT %[4]d", id, sqlitePlaces, i, sqliteEach))
	}
	ends := fmt.Sprintf("WITH ends(lo, hi) AS (SELECT (SELECT CAST(min(%[1]s) AS REAL) FROM %[2]s), (SELECT CAST(max(%[1]s) AS REAL) FROM %[2]s)) ", id, d.from(t))
	return selected + " WHERE " + id + " IN (" + ends + strings.Join(parts, " UNION ALL ") + ")"
}

// classOf is the class of a value. A text of more than 128 bytes is not looked into.
func (d *sqlite) classOf(c *Column, x string) string {
	text, whole, real, blob := classOddText, fmt.Sprint(classOddNumber), fmt.Sprint(classOddNumber), fmt.Sprint(classOddBlob)
	fit := "" // when a text reads as the kind
	list := func(values []string) string {
		quoted := make([]string, len(values))
		for i, value := range values {
			quoted[i] = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		return strings.Join(quoted, ", ")
	}
	switch c.Kind {
	case KindText, KindLongText, KindJSON:
		text = classText
	case KindAny:
		text, whole, real = classText, fmt.Sprint(classNumber), fmt.Sprint(classNumber)
	case KindBlob:
		blob = fmt.Sprint(classBlob)
	case KindInteger:
		whole = fmt.Sprint(classNumber)
	case KindReal, KindDecimal:
		whole, real = fmt.Sprint(classNumber), fmt.Sprint(classNumber)
	case KindEnum:
		fit = fmt.Sprintf("%s COLLATE BINARY IN (%s)", x, list(c.Enum))
		whole = fmt.Sprintf("CASE WHEN CAST(%s AS TEXT) IN (%s) THEN %d ELSE %d END", x, list(c.Enum), classNumber, classOddNumber)
	case KindBool:
		fit = fmt.Sprintf("%s COLLATE BINARY IN (%s)", x, list(boolWords(true, false)))
		whole = fmt.Sprintf("CASE WHEN %s IN (0, 1) THEN %d ELSE %d END", x, classNumber, classOddNumber)
	case KindUUID:
		fit = fmt.Sprintf("length(%[1]s) IN (32, 36) AND length(replace(%[1]s, '-', '')) = 32 AND replace(%[1]s, '-', '') NOT GLOB '*[^0-9a-fA-F]*'", x)
		blob = fmt.Sprintf("CASE WHEN %s = 16 THEN %d ELSE %d END", d.size(x), classBlob, classOddBlob)
	case KindDate, KindDateTime:
		fit = fmt.Sprintf("date(substr(%[1]s, 1, 10)) IS substr(%[1]s, 1, 10) AND julianday(%[1]s) IS NOT NULL", x)
		whole, real = sqliteWhole(x), sqliteReal(x)
	case KindTime:
		fit = fmt.Sprintf("%[1]s GLOB '[0-2][0-9]:[0-5][0-9]*' AND %[1]s < '24' AND julianday(%[1]s) IS NOT NULL", x)
		whole, real = sqliteWhole(x), sqliteReal(x)
	}
	texts := fmt.Sprint(text)
	if fit != "" {
		reads := fmt.Sprint(classText)
		if c.Kind == KindDateTime {
			reads = fmt.Sprintf("CASE WHEN substr(%s, 11) GLOB '*[-+zZ]*' THEN %d ELSE %d END", x, classZonedText, classText)
		}
		texts = fmt.Sprintf("CASE WHEN %s <= 128 THEN CASE WHEN %s THEN %s ELSE %d END ELSE %[4]d END", d.size(x), fit, reads, classOddText)
	}
	return fmt.Sprintf("CASE typeof(%s) WHEN 'null' THEN %d WHEN 'text' THEN %s WHEN 'integer' THEN %s WHEN 'real' THEN %s ELSE %s END", x, classNone, texts, whole, real, blob)
}

// sqliteWritten is the condition that the digits of an integer are those of a date.
func sqliteWritten(x string) string {
	day := fmt.Sprintf("%%s BETWEEN %d0101 AND %d1231 AND %%[1]s / 100 %%%% 100 BETWEEN 1 AND 12 AND %%[1]s %%%% 100 BETWEEN 1 AND 31", firstYear, lastYear)
	clock := " AND %[1]s / 100 %% 100 < 24 AND %[1]s %% 100 < 60"
	minute := "(" + x + " / 10000)"
	return fmt.Sprintf("(%[1]s BETWEEN %[2]d AND %[3]d OR %[1]s BETWEEN %[2]d01 AND %[3]d12 AND %[1]s %% 100 BETWEEN 1 AND 12 OR %[4]s OR %[5]s%[6]s OR %[7]s%[8]s AND %[1]s %% 100 < 60)",
		x, firstYear, lastYear, fmt.Sprintf(day, x), fmt.Sprintf(day, minute), fmt.Sprintf(clock, x),
		fmt.Sprintf(day, "("+x+" / 1000000)"), fmt.Sprintf(clock, "("+x+" / 100)"))
}

// sqliteWhole is the class of an integer that may be a time.
func sqliteWhole(x string) string {
	between := func(from, to int64) string { return fmt.Sprintf("%s BETWEEN %d AND %d", x, from, to-1) }
	return fmt.Sprintf("CASE WHEN %[1]s = 0 THEN %[2]d WHEN %[3]s THEN CASE WHEN %[1]s < %[4]d THEN %[5]d ELSE %[6]d END WHEN %[7]s THEN %[8]d WHEN %[9]s THEN %[10]d "+
		"WHEN %[1]s > -%[4]d AND %[1]s < %[4]d THEN %[11]d WHEN %[12]s THEN %[13]d WHEN %[1]s > -%[14]d AND %[1]s < %[14]d THEN %[15]d WHEN %[16]s THEN %[17]d WHEN %[18]s THEN %[19]d ELSE %[20]d END",
		x, classZero, sqliteWritten(x), int64(unixMillisFrom), classDigits, classLongDigits, between(julianFrom, julianTo), classDayNumber, between(secondsFrom, secondsTo), classSeconds,
		classSmall, between(secondsFrom*1000, secondsTo*1000), classMillis, int64(microsFrom), classOtherMillis, between(microsFrom, microsTo), classMicros, between(nanosFrom, nanosTo), classNanos, classHuge)
}

// sqliteReal is the class of a real number that may be a time.
func sqliteReal(x string) string {
	return fmt.Sprintf("CASE WHEN %[1]s = 0 THEN %[2]d WHEN %[1]s BETWEEN %[3]d AND %[4]d THEN %[5]d WHEN %[1]s BETWEEN 0 AND %[6]v THEN %[7]d WHEN abs(%[1]s) < %[8]d THEN %[9]d ELSE %[10]d END",
		x, classZero, julianFrom, julianTo, classJulian, lastJulianDay, classEarlyJulian, int64(unixMillisFrom), classReal, classRealMillis)
}

// sqliteInstantOf is, in Unix milliseconds, the time that a number is by the reading of its column,
// and NULL for other numbers. Dates that are written in the digits of numbers are found by their
// day, too. A time of day is that of the day 2000-01-01.
func sqliteInstantOf(c *Column, x string) (whole, real string) {
	r := c.reading()
	days := fmt.Sprintf("CAST(round((%s - %v) * 86400000.0) AS INTEGER)", x, unixEpochJulianDay)
	if r.whole == asStored && !c.HoldsDigits() {
		r.whole = byValue // as one of many kinds of value
	}
	switch r.whole {
	case byValue:
		whole = fmt.Sprintf("CASE WHEN %[1]s >= %[2]d OR %[1]s <= -%[2]d THEN %[1]s ELSE %[1]s * 1000 END", x, int64(unixMillisFrom))
	case asStored:
		whole = fmt.Sprintf("CASE WHEN %s THEN CAST((julianday(substr(%[2]s, 1, 4) || '-' || coalesce(nullif(substr(%[2]s, 5, 2), ''), '01') || '-' || coalesce(nullif(substr(%[2]s, 7, 2), ''), '01') || "+
			"CASE WHEN %[2]s > %[3]d THEN ' ' || substr(%[2]s, 9, 2) || ':' || substr(%[2]s, 11, 2) || coalesce(':' || nullif(substr(%[2]s, 13, 2), ''), '') ELSE '' END) - %[4]v) * 86400000.0 + 0.5 AS INTEGER) END",
			sqliteWritten(x), x, int64(unixMillisFrom), unixEpochJulianDay)
	case inSeconds:
		whole = x + " * 1000"
	case inMillis:
		whole = x
	case inMicros: // rounded down, also before 1970
		whole = fmt.Sprintf("(%[1]s - (%[1]s %% 1000 + 1000) %% 1000) / 1000", x)
	case inNanos:
		whole = fmt.Sprintf("(%[1]s - (%[1]s %% 1000000 + 1000000) %% 1000000) / 1000000", x)
	case inDays:
		whole = days
	}
	millis := fmt.Sprintf("CASE WHEN abs(%[1]s) < 1e15 THEN CAST(%[1]s AS INTEGER) END", x)
	seconds := fmt.Sprintf("CASE WHEN abs(%[1]s) < %[2]d THEN CAST(round(%[1]s * 1000.0) AS INTEGER) END", x, int64(unixMillisFrom))
	switch r.real {
	case byValue:
		real = fmt.Sprintf("CASE WHEN %[1]s BETWEEN 0 AND %[2]v THEN %[3]s WHEN abs(%[1]s) < %[4]d THEN CAST(round(%[1]s * 1000.0) AS INTEGER) ELSE %[5]s END", x, lastJulianDay, days, int64(unixMillisFrom), millis)
	case inSeconds:
		real = seconds
	case inMillis:
		real = millis
	}
	if c.Kind == KindTime {
		const day, base = 86_400_000, 946_684_800_000
		clock := func(at string) string { return fmt.Sprintf("((%s) %% %d + %[2]d) %% %[2]d + %d", at, day, base) }
		whole, real = clock(whole), clock(real)
	}
	return whole, real
}
