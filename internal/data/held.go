// This file says what the values of a column are like, where the engine does not hold them to a
// type: in which unit its numbers are times, whether there are texts in a column of blobs.

package data

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A class is what one value is, for a column of its kind. A value that does not read as the
// column's kind is odd. Numbers in columns of dates and times are told apart by their size: what
// the unit of all of them is, only all of them say.
type class int

const (
	classNone      class = iota // NULL
	classZero                   // the number 0 where numbers are times: it is one in every unit
	classText                   // reads as the column's kind
	classZonedText              // … and is a time that names its zone
	classNumber
	classBlob
	classOddText
	classOddNumber
	classOddBlob

	classDigits      // 20240331, 202403, 2024: a date as its digits
	classLongDigits  // 20240331123000, 202403311230: as large as milliseconds
	classDayNumber   // a whole number as large as the Julian days of 1900 to 2100
	classSeconds     // seconds of 2001 to 2100
	classMillis      // milliseconds of 2001 to 2100
	classMicros      // microseconds of 1973 to 2100
	classNanos       // nanoseconds of 2000 to 2262; not the ticks of .NET, which are fewer
	classSmall       // another number below unixMillisFrom
	classOtherMillis // … below microsFrom
	classHuge        // … beyond
	classJulian      // a real number as large as the Julian days of 1900 to 2100
	classEarlyJulian // another one from 0 up to lastJulianDay
	classReal        // another one below unixMillisFrom
	classRealMillis  // … beyond
)

// Bounds of the classes of numbers that are times.
const (
	secondsFrom, secondsTo = 978_307_200, 4_102_444_800 // 2001 to 2100
	microsFrom             = 100_000_000_000_000
	microsTo               = secondsTo * 1_000_000
	nanosFrom              = 946_684_800 * 1_000_000_000
	nanosTo                = math.MaxInt64
	julianFrom, julianTo   = 2_415_020, 2_488_070 // 1900 to 2100
	firstYear, lastYear    = 1000, 2999
)

// classes is a set of them.
type classes uint64

func (s classes) has(some ...class) bool {
	return slices.ContainsFunc(some, func(one class) bool { return s&(1<<one) != 0 })
}

// only says whether the set has one of these, and nothing but them, NULL and 0.
func (s classes) only(some ...class) bool {
	rest := s &^ (1<<classNone | 1<<classZero)
	for _, one := range some {
		rest &^= 1 << one
	}
	return rest == 0 && s.has(some...)
}

// unit is what an earlier look knew of the unit of times where only numbers are left that could be
// in any: the last milliseconds after 1973 may have been changed into others before.
func (s classes) unit(now classes) classes {
	const large = 1<<classMillis | 1<<classOtherMillis | 1<<classMicros | 1<<classNanos
	if now.has(classSmall) && now&(large|1<<classSeconds) == 0 {
		return s & large
	}
	return 0
}

// odd says whether there are values that do not read as the column's kind.
func (s classes) odd() bool { return s.has(classOddText, classOddNumber, classOddBlob) }

// held is what is known of the values of a column: the classes of those that were looked at. All
// sources over a database share it. A nil held is that of an engine whose types tell.
type held struct {
	seen  atomic.Uint64
	since elapse                          // the look
	odd   atomic.Pointer[map[string]bool] // the odd texts; nil: too many to be kept
}

// mayBe says whether a text may be one of the odd ones.
func (h *held) mayBe(text string) bool {
	odd := h.odd.Load()
	return odd == nil || (*odd)[text]
}

// holds is the classes of the column's values.
func (c *Column) holds() classes {
	if c.held == nil {
		return 0
	}
	return classes(c.held.seen.Load())
}

// Zoned says whether the times of the column name their zone, or are numbers, which count from a
// moment in UTC. Those of a column that holds no times yet will be in UTC, unless its type says
// that they have no zone.
func (c *Column) Zoned() bool {
	s := c.holds()
	declared := strings.ToUpper(c.Type)
	switch {
	case s.has(classZonedText) || s.has(timeNumbers...) && !c.HoldsDigits():
		return true
	case s.has(classText, classDigits, classLongDigits):
		return false
	case c.held == nil:
		return strings.Contains(declared, "WITH TIME ZONE") || strings.HasSuffix(declared, "TZ")
	}
	return !strings.Contains(declared, "WITHOUT TIME ZONE")
}

// timeNumbers are the classes of numbers that are times.
var timeNumbers = []class{classZero, classDigits, classLongDigits, classDayNumber, classSeconds, classMillis, classMicros, classNanos,
	classSmall, classOtherMillis, classHuge, classJulian, classEarlyJulian, classReal, classRealMillis}

// HoldsTexts says whether all values of a column of blobs are texts, as far as they were looked at.
// It is shown, filtered, searched and edited as text then, and so are its new values.
func (c *Column) HoldsTexts() bool { return c.Kind == KindBlob && c.holds().only(classOddText) }

// HoldsBlobs says whether all values of a column of texts are blobs.
func (c *Column) HoldsBlobs() bool {
	switch c.Kind {
	case KindText, KindLongText, KindJSON, KindEnum, KindAny, KindUUID:
		return c.holds().only(classOddBlob)
	}
	return false
}

// HoldsDigits says whether the numbers in a column of dates are written as their digits are read
// (20240331, 2024), or are times in no known unit. They are shown and edited as numbers.
func (c *Column) HoldsDigits() bool {
	return isInstant(c.Kind) && c.reading().whole == asStored && c.holds().only(classDigits, classLongDigits, classDayNumber, classHuge)
}

func isInstant(kind Kind) bool { return kind == KindDate || kind == KindTime || kind == KindDateTime }

// unit is how a number is a time.
type unit int

const (
	byValue  unit = iota // seconds or milliseconds, or a Julian day, by its size
	asStored             // which one cannot be told, or they are not times
	inSeconds
	inMillis
	inMicros
	inNanos
	inDays // Julian
)

// reading is how the numbers of a column are times.
type reading struct {
	whole, real unit
	digits      bool // some are a date as its digits, others are not: those are not times
}

// reading is the unit that fits all values of the column that were looked at. The largest numbers
// decide: milliseconds near 1970 are small, while no seconds are as large as milliseconds. Where
// seconds and milliseconds of our time stand beside each other each number says its own unit.
func (c *Column) reading() (r reading) {
	s := c.holds()
	r.digits = s.has(classDigits, classLongDigits)
	switch {
	case s.has(classNanos):
		r.whole = inNanos
		if s.has(classSeconds, classMillis, classMicros) {
			r.whole = byValue
		}
	case s.has(classMicros):
		r.whole = inMicros
		if s.has(classSeconds, classMillis) {
			r.whole = byValue
		}
	case s.has(classMillis, classOtherMillis):
		r.whole = inMillis
		if s.has(classSeconds) && !s.has(classSmall) {
			r.whole = byValue
		}
	case s.has(classSeconds, classSmall):
		r.whole = inSeconds
	case s.has(classHuge):
		r.whole = asStored
	case r.digits:
		r.whole, r.digits = asStored, false
	case s.has(classDayNumber) && s.has(classJulian):
		r.whole = inDays
	case s.has(classDayNumber):
		r.whole = asStored
	}
	switch {
	case s.has(classRealMillis):
		r.real = inMillis
	case s.has(classJulian):
		r.real = byValue
	case s.has(classReal):
		r.real = inSeconds
	}
	return r
}

// of is the unit of a number.
func (r reading) of(n int64) unit {
	switch {
	case r.digits && writtenDate(n) && n%86400 != 0:
		return asStored
	case r.whole != byValue:
		return r.whole
	case n >= unixMillisFrom || n <= -unixMillisFrom:
		return inMillis
	}
	return inSeconds
}

// time is the time that a number is.
func (r reading) time(n int64) (at time.Time, ok bool) {
	switch r.of(n) {
	case inSeconds:
		return time.Unix(n, 0).UTC(), true
	case inMillis:
		return time.UnixMilli(n).UTC(), true
	case inMicros:
		return time.UnixMicro(n).UTC(), true
	case inNanos:
		return time.Unix(0, n).UTC(), true
	case inDays:
		return julianTime(float64(n)), true
	}
	return at, false
}

// ofReal is the unit of a real number.
func (r reading) ofReal(f float64) unit {
	switch {
	case r.real != byValue:
		return r.real
	case f >= 0 && f <= lastJulianDay:
		return inDays
	case math.Abs(f) < unixMillisFrom:
		return inSeconds
	}
	return inMillis
}

// realTime is the time that a real number is.
func (r reading) realTime(f float64) (at time.Time, ok bool) {
	switch u := r.ofReal(f); {
	case u == inDays && math.Abs(f) <= lastJulianDay:
		return julianTime(f), true
	case u == inSeconds && math.Abs(f) < unixMillisFrom:
		return time.UnixMilli(int64(math.Round(f * 1e3))).UTC(), true
	case u == inMillis && math.Abs(f) < 1e15:
		return time.UnixMilli(int64(f)).UTC(), true
	}
	return at, false
}

func julianTime(day float64) time.Time {
	return time.UnixMilli(int64(math.Round((day - unixEpochJulianDay) * 86400e3))).UTC()
}

// digitForms are the ways to write a date in the digits of a number, by their length.
var digitForms = map[int]string{4: "2006", 6: "200601", 8: "20060102", 12: "200601021504", 14: "20060102150405"}

// writtenDate says whether the digits of a number are those of a date: a year, with a month, with a
// day, with the hour and minute, with the second.
func writtenDate(n int64) bool {
	day := func(n int64) bool {
		return n/10000 >= firstYear && n/10000 <= lastYear && n/100%100 >= 1 && n/100%100 <= 12 && n%100 >= 1 && n%100 <= 31
	}
	clock := func(n int64) bool { return n/100%100 < 24 && n%100 < 60 }
	return n >= firstYear && n <= lastYear || n >= firstYear*100 && n <= lastYear*100+12 && n%100 >= 1 && n%100 <= 12 ||
		day(n) || day(n/10000) && clock(n) || day(n/1_000_000) && clock(n/100) && n%100 < 60
}

// Bounds of a look at the values of a table.
const (
	heldWhole = 100_000     // rows up to which a table is looked at as a whole
	heldAgain = 100         // rows up to which it is looked at each time
	heldFor   = time.Minute // how long the look at a larger one is good
	heldTime  = 250 * time.Millisecond
	heldRetry = 5 * time.Second // when a look that failed is tried again
	heldOdd   = 200             // odd texts that are kept
	// heldColumns are looked at by one statement.
	heldColumns = 60
)

// Learn looks at the values of the table's columns that decide how a page shows them, and of the
// named ones: all values of a small table, those of some rows of a large one, at most once in
// heldFor. An engine's error leaves what is known as it was; the work that follows meets it too.
func (s *Source) Learn(ctx context.Context, t *Table, names ...string) {
	if t.Problem != "" {
		return
	}
	var columns []*Column
	for _, c := range t.Columns {
		if c.held == nil || !c.Sortable() || !isInstant(c.Kind) && c.Kind != KindBlob && !slices.Contains(names, c.Name) || c.held.since.lasts() {
			continue
		}
		columns = append(columns, c)
	}
	if len(columns) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.QueryTimeout)
	defer cancel()
	ctx, leave, err := s.enter(ctx, light)
	if err != nil {
		return
	}
	defer leave()
	for chunk := range slices.Chunk(columns, heldColumns) {
		s.learn(ctx, t, chunk)
	}
}

// learnBlobs looks, when the schema is read, for columns of blobs that hold texts, as far as
// heldTime lasts: texts name their rows.
func (s *Source) learnBlobs(ctx context.Context, schema *Schema) {
	var begun elapse
	begun.lastFor(s.shares.held)
	for _, t := range schema.Tables {
		var columns []*Column
		for _, c := range t.Columns {
			if c.held != nil && c.Kind == KindBlob && c.Readable() && t.Problem == "" && !t.View && !t.system {
				columns = append(columns, c)
			}
		}
		if len(columns) > 0 && begun.lasts() {
			s.learn(ctx, t, columns[:min(len(columns), heldColumns)])
		}
	}
}

// LearnForm is Learn for a form, in which texts and blobs are entered too.
func (s *Source) LearnForm(ctx context.Context, t *Table) {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	s.Learn(ctx, t, names...)
}

// LearnFilters is Learn for the filters of an address, if it has any.
func (s *Source) LearnFilters(ctx context.Context, t *Table, values map[string][]string) {
	var names []string
	for name := range values {
		if rest, ok := strings.CutPrefix(name, "f."); ok {
			names = append(names, rest[:max(0, strings.LastIndexByte(rest, '.'))])
		}
	}
	if len(names) > 0 {
		s.Learn(ctx, t, names...)
	}
}

// learnFor is Learn for the filters of a query.
func (s *Source) learnFor(ctx context.Context, t *Table, q Query) {
	var names []string
	for _, f := range q.Filters {
		names = append(names, f.Column)
	}
	s.Learn(ctx, t, names...)
}

// learn looks at columns, once: at the whole table if it is small or that does not take long, else
// at some rows.
func (s *Source) learn(ctx context.Context, t *Table, columns []*Column) {
	d, ok := s.dialect.(*sqlite)
	if !ok {
		return // the types say it
	}
	for _, whole := range []bool{true, false} {
		query, ok := d.classes(t, columns, whole)
		if !ok {
			continue
		}
		seen := make([]classes, len(columns))
		odd := make([]*map[string]bool, len(columns))
		rows := int64(0)
		_, err := s.glance(ctx, "look at", t, s.shares.held, func(ctx context.Context, db queryer) error {
			clear(seen)
			rows = 0
			err := each(ctx, db, query, func(line *scan) {
				n, _ := line.take().(int64)
				rows += n
				for i := range seen {
					if code, ok := line.take().(int64); ok {
						seen[i] |= 1 << code
					}
				}
			})
			for i, c := range columns {
				if err != nil || !seen[i].has(classOddText) || c.Kind == KindBlob {
					continue
				}
				texts := map[string]bool{}
				err = each(ctx, db, d.oddTexts(t, c, whole), func(line *scan) { texts[line.text()] = true })
				if odd[i] = &texts; len(texts) > heldOdd {
					odd[i] = nil
				}
			}
			return err
		})
		if errors.Is(err, errStopped) {
			continue
		}
		if err != nil {
			break
		}
		for i, c := range columns {
			c.held.odd.Store(odd[i])
			c.held.seen.Store(uint64(seen[i] | classes(c.held.seen.Load()).unit(seen[i])))
			if rows > heldAgain || !whole {
				c.held.since.lastFor(heldFor)
			}
		}
		return
	}
	for _, c := range columns { // it would take as long again
		c.held.since.lastFor(heldRetry)
	}
}
