// Counts: numbers of things, which may be exact, a floor or an estimate.

package text

// Numbers with their nouns. One that is not known says nothing.
var (
	Number        = ifKnown(with[Count]("count.number", "{#n}"))
	Rows          = ifKnown(with[Count]("count.rows", "{#n} row", "{#n} rows"))
	Records       = ifKnown(with[Count]("count.records", "{#n} record", "{#n} records"))
	SessionsCount = ifKnown(with[Count]("count.sessions", "{#n} session", "{#n} sessions"))
)

func ifKnown(sentence func(Count) Message) func(Count) Message {
	return func(n Count) Message {
		if !n.Known() {
			return nil
		}
		return sentence(n)
	}
}

// CountKind says how far a Count can be trusted.
type CountKind uint8

// The kinds of counts.
const (
	CountUnknown  CountKind = iota // shown as nothing
	CountExact                     // "1,204"
	CountAtLeast                   // "10,000+"
	CountEstimate                  // "≈ 1,200,000"
)

// Count is a number of things, such as rows. The zero value is unknown.
type Count struct {
	N    int64
	Kind CountKind
}

// Exact is a count that was counted.
func Exact(n int64) Count { return Count{n, CountExact} }

// AtLeast is a count that stopped at n.
func AtLeast(n int64) Count { return Count{n, CountAtLeast} }

// Estimate is a count the database guesses.
func Estimate(n int64) Count { return Count{n, CountEstimate} }

// String is the number as it is written in English, empty when unknown.
func (c Count) String() string { return c.in(English) }

// Known reports whether there is a number.
func (c Count) Known() bool { return c.Kind != CountUnknown }

func (c Count) in(language *Catalogue) string {
	switch c.Kind {
	case CountExact:
		return language.Group(c.N)
	case CountAtLeast:
		return language.Group(c.N) + "+"
	case CountEstimate:
		return "≈ " + language.Group(c.N)
	default:
		return ""
	}
}

// number is an argument that counts.
func number(arg any) (Count, bool) {
	switch arg := arg.(type) {
	case int:
		return Exact(int64(arg)), true
	case int64:
		return Exact(arg), true
	case Count:
		return arg, true
	}
	return Count{}, false
}
