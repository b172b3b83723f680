package shop

// This file holds the maker: one transaction, one prepared statement and one random stream a table.

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

const (
	seed = 20260630

	dateLayout     = "2006-01-02"
	dateTimeLayout = "2006-01-02 15:04:05"
)

// maker fills the tables in the order of their references and remembers what later tables refer to.
type maker struct {
	ctx      context.Context
	tx       *sql.Tx
	progress Progress

	rnd  *rand.Rand
	fake *gofakeit.Faker

	customers []customer
	products  []product
	variants  []variant
	coupons   []string
	orders    []order
}

type customer struct {
	name      string
	email     string
	created   time.Time
	addresses []int
}

type product struct {
	name     string
	noun     string
	cents    int
	released time.Time
}

type variant struct {
	product int // index in maker.products
	cents   int
}

type line struct {
	variant, quantity, cents int
}

type order struct {
	customer int // index in maker.customers
	placed   time.Time
	status   string
	lines    []line
	total    int
}

func (m *maker) fill() error {
	for _, table := range []func() error{
		m.makeSettings, m.makeEmployees, m.makeCustomers, m.makeAddresses,
		m.makeCategories, m.makeSuppliers, m.makeProducts, m.makeProductCategories, m.makeProductImages, m.makeVariants,
		m.makeWarehouses, m.makeStock, m.makeCoupons, m.makeOrders, m.makeOrderLines, m.makePayments,
		m.makeReviews, m.makeExchangeRates, m.makeEvents,
	} {
		if err := table(); err != nil {
			return err
		}
	}
	return nil
}

// into starts the table's random stream and hands rows, a function that inserts one row, to fill.
// The first failure is kept and the rows after it are skipped.
func (m *maker) into(table, columns string, fill func(insert func(values ...any))) error {
	hash := fnv.New64a()
	hash.Write([]byte(table))
	source := rand.NewPCG(seed, hash.Sum64())
	m.rnd, m.fake = rand.New(source), gofakeit.NewFaker(source, false) // #nosec G404 -- made rows must be the same every time

	marks := strings.Repeat(", ?", strings.Count(columns, ",")+1)[2:]
	statement, err := m.tx.PrepareContext(m.ctx, "INSERT INTO "+table+" ("+columns+") VALUES ("+marks+")") //nolint:gosec // names of this package
	if err != nil {
		return fmt.Errorf("%s: %w", table, err)
	}
	defer statement.Close()
	rows, failed := 0, error(nil)
	fill(func(values ...any) {
		if failed != nil {
			return
		}
		if _, failed = statement.ExecContext(m.ctx, values...); failed == nil {
			rows++
		}
	})
	if failed != nil {
		return fmt.Errorf("%s, row %d: %w", table, rows+1, failed)
	}
	if m.progress != nil {
		m.progress(table, rows)
	}
	return nil
}

// between is a number from low to high, both included.
func (m *maker) between(low, high int) int { return low + m.rnd.IntN(high-low+1) }

// chance is true in percent cases of a hundred.
func (m *maker) chance(percent int) bool { return m.rnd.IntN(100) < percent }

// maybe is the value in percent cases of a hundred, else NULL.
func (m *maker) maybe(percent int, value any) any {
	if m.chance(percent) {
		return value
	}
	return nil
}

// before is a moment up to days before the anchor, to the second.
func (m *maker) before(days int) time.Time {
	return anchor.Add(-time.Duration(m.rnd.IntN(days*86400)) * time.Second)
}

// bytes are n random bytes.
func (m *maker) bytes(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(m.rnd.Uint32()) // #nosec G115 -- the low byte is what is wanted
	}
	return out
}

// pick is one of the values.
func pick[T any](m *maker, values []T) T { return values[m.rnd.IntN(len(values))] }

// weighted is one of the values by their weights.
func weighted[T any](m *maker, choices []choice[T]) T {
	sum := 0
	for _, c := range choices {
		sum += c.weight
	}
	n := m.rnd.IntN(sum)
	for _, c := range choices {
		if n -= c.weight; n < 0 {
			return c.value
		}
	}
	return choices[len(choices)-1].value
}

type choice[T any] struct {
	value  T
	weight int
}

// money is an amount of cents as SQLite keeps a DECIMAL column.
func money(cents int) float64 { return float64(cents) / 100 }

// slugify is the text in lower case with everything but ASCII letters and digits as single dashes.
func slugify(text string) string {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
	return strings.Join(words, "-")
}
