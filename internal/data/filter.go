// This file reads filter values by the kind of their column.

package data

import (
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// operand is a filter's value, parsed.
type operand struct {
	text     string
	number   any // int64 or float64; nil if the text is not a number
	truth    bool
	blob     []byte
	from, to time.Time // the interval the written instant stands for
	far      bool      // the text is an instant that time.Time is not for: the engine reads it
	day      bool      // it is a date alone
	key      Key       // of OpRefers
	verbatim bool      // it does not read as the column's kind, but may be what is stored
}

func (f Filter) field() string { return "f." + f.Column + "." + string(f.Op) }

func (f Filter) check(t *Table) *FieldError {
	_, err := f.parse(t)
	return err
}

// parse returns the operands, or says what is wrong with the filter.
func (f Filter) parse(t *Table) ([]operand, *FieldError) {
	given := strings.Join(f.Values, ",")
	if f.Op == OpRefers {
		return f.parseReference(t)
	}
	c, ok := t.Column(f.Column)
	switch {
	case !ok || !c.Readable():
		return nil, fieldError(f.field(), given, text.FilterNoColumn(f.Column, t.Name))
	case c.Masked:
		return nil, fieldError(f.field(), "", text.FilterMasked)
	case !slices.Contains(c.Ops(), f.Op):
		var ops []string
		for _, op := range c.Ops() {
			ops = append(ops, string(op))
		}
		return nil, fieldError(f.field(), given, text.FilterOperator(string(c.Kind), ops))
	case len(f.Values) == 0:
		return nil, fieldError(f.field(), "", text.NoValue)
	case f.Op != OpIn && len(f.Values) > 1:
		return nil, fieldError(f.field(), given, text.OneValue)
	case len(f.Values) > MaxFilterValues:
		return nil, fieldError(f.field(), given, text.TooManyValues(MaxFilterValues))
	}
	operands := make([]operand, len(f.Values))
	for i, value := range f.Values {
		longest := MaxFilterValue
		if f.Op == OpContains || f.Op == OpStartsWith {
			longest = MaxSearch
		}
		if problem := textProblem(value, longest); problem != nil {
			return nil, fieldError(f.field(), value, problem)
		}
		o, err := c.operand(f.Op, value)
		if err != nil {
			return nil, fieldError(f.field(), value, messageOf(err))
		}
		operands[i] = o
	}
	return operands, nil
}

// parseReference is parse for OpRefers.
func (f Filter) parseReference(t *Table) ([]operand, *FieldError) {
	fk := t.refersBy(f.Column)
	switch {
	case fk == nil:
		return nil, fieldError(f.field(), strings.Join(f.Values, ","), text.NotAReference(t.Name))
	case len(f.Values) != 1:
		return nil, fieldError(f.field(), strings.Join(f.Values, ","), text.OneValue)
	}
	key, err := ParseKey(fk.parent, f.Values[0])
	if wrong := (*FieldError)(nil); errors.As(err, &wrong) {
		return nil, fieldError(f.field(), f.Values[0], wrong.Message)
	}
	return []operand{{text: f.Values[0], key: key}}, nil
}

// refersBy is the usable foreign key of columns that are joined with ",".
func (t *Table) refersBy(columns string) *ForeignKey {
	for _, fk := range t.ForeignKeys {
		if fk.Usable && joinItems(fk.Columns) == columns {
			return fk
		}
	}
	return nil
}

// operand is parseOperand, which takes also what the column holds although it does not read as the
// column's kind: every value meets a filter for its own text.
func (c *Column) operand(op Op, value string) (operand, error) {
	o, err := c.parseOperand(op, value)
	if err == nil || op == OpIsNull || op == OpContains || op == OpStartsWith {
		return o, err
	}
	s := c.holds()
	numbers := s.has(classOddNumber) || s.has(timeNumbers...)
	if s.has(classOddText) && c.held.mayBe(value) || numbers && anyNumber(value) != nil || s.has(classOddBlob, classBlob) && isHex(value) {
		return operand{text: value, verbatim: true}, nil
	}
	return o, err
}

// mixed says whether the column holds values that a filter by its kind does not find by their own
// text.
func (c *Column) mixed() bool {
	s := c.holds()
	return s.odd() || c.Kind == KindAny && s.has(classText)
}

func isHex(value string) bool {
	_, err := hex.DecodeString(strings.TrimSpace(value))
	return err == nil
}

// anyNumber is parseNumber for filters: infinite numbers are read too, as they are shown, and an
// integer with zeros after its point, as a decimal is shown, keeps all its digits.
func anyNumber(value string) any {
	value = strings.TrimSpace(value)
	switch value {
	case "+Inf":
		return math.Inf(1)
	case "-Inf":
		return math.Inf(-1)
	}
	if whole, fraction, ok := strings.Cut(value, "."); ok && strings.Trim(fraction, "0") == "" {
		if n, err := strconv.ParseInt(whole, 10, 64); err == nil {
			return n
		}
	}
	return parseNumber(value)
}

func (c *Column) parseOperand(op Op, value string) (operand, error) {
	if c.native != nil && op != OpIsNull && op != OpContains && op != OpStartsWith {
		return c.native.operand(c, op, value)
	}
	o := operand{text: value}
	var err error
	if op == OpIsNull {
		o.truth, err = parseBool(value)
		return o, err
	}
	if op == OpContains || op == OpStartsWith {
		if value == "" {
			return o, misfit{text.NotEmpty}
		}
		return o, nil
	}
	trimmed := strings.TrimSpace(value)
	switch c.Kind {
	case KindInteger:
		n, parseErr := strconv.ParseInt(trimmed, 10, 64)
		if errors.Is(parseErr, strconv.ErrRange) {
			return o, notWhole(parseErr)
		}
		if parseErr != nil {
			if f, isReal := anyNumber(trimmed).(float64); isReal && math.IsInf(f, 0) {
				o.number = f
				return o, nil
			}
			return o, notNumber(trimmed, true)
		}
		o.number = n
	case KindReal, KindDecimal:
		if o.number = anyNumber(trimmed); o.number == nil {
			return o, notNumber(trimmed, false)
		}
	case KindBool:
		o.truth, err = parseBool(trimmed)
	case KindDate, KindTime, KindDateTime:
		var step time.Duration
		o.from, _, step, err = comparedInstant(trimmed)
		if err != nil || (c.Kind == KindTime) != (o.from.Year() == 2000 && !strings.Contains(trimmed, "-")) {
			return o, instantError(c.Kind)
		}
		if c.Kind != KindDateTime { // a day, or a time, as the text itself says
			o.from = onClock(o.from, time.UTC)
		}
		o.to, o.day = o.from.Add(step), step == 24*time.Hour
	case KindUUID:
		u, err := parseUUID(trimmed)
		if err != nil {
			return o, err
		}
		o.blob = u[:]
	case KindBlob:
		o.blob, err = parseHex(trimmed)
	case KindEnum:
		if (op == OpEq || op == OpNe || op == OpIn) && !slices.Contains(c.Enum, value) {
			return o, misfit{text.NotOneOf(c.Enum)}
		}
	case KindAny:
		o.number = anyNumber(trimmed)
	}
	return o, err
}

// parseNumber returns an int64 or a finite float64; nil if the text is not a decimal number.
func parseNumber(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	if strings.Trim(text, "+-.0123456789eE") != "" {
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil
	}
	return f
}

func parseBool(given string) (bool, error) {
	switch strings.ToLower(given) {
	case "1", "true", "t", "yes", "y", "on":
		return true, nil
	case "0", "false", "f", "no", "n", "off":
		return false, nil
	}
	return false, misfit{text.TrueOrFalse}
}

// instantLayouts are the forms of instants; each stands for an interval of the given length.
var instantLayouts = []struct {
	layout string
	step   time.Duration
}{
	{"2006-01-02", 24 * time.Hour},
	{"2006-01-02T15:04", time.Minute},
	{"2006-01-02T15:04:05", time.Second},
	{"15:04", time.Minute},
	{"15:04:05", time.Second},
}

// parseInstant is parseISO with fractions of a second to the millisecond, which is what SQLite
// compares by.
func parseInstant(text string) (at time.Time, zoned bool, step time.Duration, err error) {
	at, zoned, step, err = parseISO(text)
	if err == nil && step == time.Second && strings.Contains(text, ".") {
		at, step = at.Truncate(time.Millisecond), time.Millisecond
	}
	return at, zoned, step, err
}

// comparedInstant is parseISO with fractions of a second as SQLite compares them: rounded to the
// millisecond, half up, but never up to the next second.
func comparedInstant(text string) (at time.Time, zoned bool, step time.Duration, err error) {
	at, zoned, step, err = parseISO(text)
	if err == nil && step == time.Second && strings.Contains(text, ".") {
		second := float64(at.Second()) + min(float64(at.Nanosecond())/1e9, 0.999)
		at = at.Truncate(time.Minute).Add(time.Duration(second*1000+0.5) * time.Millisecond)
		step = time.Millisecond
	}
	return at, zoned, step, err
}

// parseISO reads a date, a time of day (on 2000-01-01, as SQLite does) or both. step is the
// interval the last field stands for, from a second up.
func parseISO(text string) (at time.Time, zoned bool, step time.Duration, err error) {
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + text[11:]
	}
	// Go's own time.Time.String, which some drivers store: "… +0000 UTC", "… +0200 CEST".
	if i := strings.IndexByte(text, ' '); i > 0 && len(text) >= i+6 && (text[i+1] == '+' || text[i+1] == '-') {
		text = text[:i] + text[i+1:i+6]
	}
	for _, form := range instantLayouts {
		for _, zone := range []string{"", "Z07:00", " Z07:00", "Z0700"} {
			if zone != "" && form.step == 24*time.Hour {
				continue
			}
			parsed, parseErr := time.Parse(form.layout+zone, text)
			if parseErr != nil {
				continue
			}
			if parsed.Year() == 0 && !strings.Contains(form.layout, "2006") {
				parsed = parsed.AddDate(2000, 0, 0)
			}
			if year := parsed.UTC().Year(); year < 0 || year > 9999 {
				continue
			}
			return parsed, zone != "", form.step, nil
		}
	}
	return time.Time{}, false, 0, errors.New("is not an ISO 8601 date or time")
}

func instantError(kind Kind) error {
	switch kind {
	case KindDate:
		return misfit{text.DateWanted}
	case KindTime:
		return misfit{text.TimeWanted}
	}
	return misfit{text.InstantWanted}
}
