// This file holds the dialect of MySQL and MariaDB: identifiers, exports, errors. server.go holds
// what it has in common with PostgreSQL's. mysql_session.go holds the settings of connections and
// stops statements, mysql_schema.go reads the catalogue, mysql_type.go the types, mysql_match.go
// holds the conditions, mysql_write.go the writes.

package data

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

type mysql struct {
	server
	mariadb  bool
	returns  bool   // INSERT … RETURNING
	version  string // 10.11.6, 8.4.0
	pool     *sql.DB
	sessions sync.Map // *sql.Conn in a transaction to its *mysqlSession
}

// newMySQL tells MySQL and MariaDB apart, by what [sqldb.Detect] has read.
func newMySQL(ctx context.Context, db *sql.DB, version string) (dialect, error) {
	var about string
	d := &mysql{server: server{quote: mysqlQuote}, pool: db}
	if err := db.QueryRowContext(ctx, "SELECT @@version_comment").Scan(&about); err != nil {
		return nil, fmt.Errorf("data: open: %w", classify(ctx, d, err))
	}
	d.mariadb = sqldb.MariaDB(version, about)
	d.returns = d.mariadb
	d.version, _, _ = strings.Cut(version, "-")
	return d, nil
}

func (*mysql) engine() sqldb.Engine { return sqldb.MySQL }

// name is what people call the engine.
func (d *mysql) name() string {
	if d.mariadb {
		return "MariaDB"
	}
	return "MySQL"
}

func mysqlQuote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

func (*mysql) nullsLast() bool { return false }

// mysqlBatch is how many rows of an export are held at once, where a row needs other queries.
const mysqlBatch = 256

// stream gives rows as they come. A connection answers nothing else meanwhile: a row that has a
// long cell, and some after it, are kept until the query has ended, and another one goes on behind
// them. As long as there is none the queries become longer.
func (*mysql) stream(ctx context.Context, db queryer, query fragment, steady bool, row func(line *scan) error) error {
	if !steady {
		return stream(ctx, db, query, row)
	}
	for n, done := mysqlBatch, 0; ; {
		start := done
		some := fragment{query.text + " LIMIT ? OFFSET ?", append(slices.Clone(query.args), n, done)}
		var kept []*scan
		came, long := 0, false
		err := stream(ctx, db, some, func(line *scan) error {
			came++
			if long = long || hasLong(line); !long {
				done++
				return row(line)
			}
			if len(kept) < mysqlBatch {
				kept = append(kept, line)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, line := range kept {
			if err := row(line); err != nil {
				return err
			}
			done++
		}
		switch {
		case came < n && done-start == came:
			return nil
		case long:
			n = mysqlBatch
		default:
			n = min(4*n, 1<<30)
		}
	}
}

// hasLong says whether a row has a cell that part says is long. Every other value is a class.
func hasLong(line *scan) bool {
	for i := 0; i < len(line.values); i += 2 {
		if strings.HasPrefix(asText(line.values[i]), "long ") {
			return true
		}
	}
	return false
}

func (*mysql) results() int { return 4096 } // of a SELECT

// piece is of the text in UTF-8, whatever the column's character set is.
func (d *mysql) piece(c *Column, from, size int) string {
	x, typ := d.column(c), mysqlTypeOf(c)
	if typ.class != StoredBlob {
		x = "CAST(" + typ.read(x) + " AS BINARY)"
	}
	return fmt.Sprintf("'blob', SUBSTRING(%s, %d, %d)", x, from, size)
}

func (d *mysql) value(class string, scanned any) any {
	value := d.server.value(class, scanned)
	if text, ok := value.(string); ok && Storage(class) == StoredDecimal {
		if double, single := strings.CutPrefix(text, singlePrecision); single {
			return shortestSingle(double)
		}
	}
	return value
}

// shortestSingle writes a FLOAT, which the server gives as a DOUBLE, in as few digits as it takes
// to read it again. The server's own text of a FLOAT has six.
func shortestSingle(double string) string {
	f, err := strconv.ParseFloat(double, 64)
	if err != nil {
		return double
	}
	if abs := math.Abs(f); abs == 0 || abs >= 1e-15 && abs < 1e15 {
		return strconv.FormatFloat(f, 'f', -1, 32)
	}
	return strings.Replace(strings.Replace(strconv.FormatFloat(f, 'e', -1, 32), "e-0", "e-", 1), "e+", "e", 1)
}

func (*mysql) classify(err error) error {
	switch sqldb.MySQLNumber(err) {
	case 1317, 1969, 3024: // interrupted: by an administrator, or by its time limit
		return fmt.Errorf("%w: %w", ErrTimeout, err)
	case 1040, 1203, 1226, 1037, 1038, 1041: // too many connections, too little memory
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return outageOf(sqldb.MySQL.Fault(err), err)
}

// problem is the server's message without the words that drivers put around it.
func (*mysql) problem(err error) string {
	text := err.Error()
	if i := strings.Index(text, "Error "); i >= 0 {
		if _, after, found := strings.Cut(text[i:], ": "); found {
			text = after
		}
	}
	return text
}

func (*mysql) misread(err error) bool {
	// ER_WRONG_VALUE, ER_TRUNCATED_WRONG_VALUE, ER_CANT_AGGREGATE_2COLLATIONS, ER_DATA_OUT_OF_RANGE
	return slices.Contains([]int{1525, 1292, 1267, 1690}, sqldb.MySQLNumber(err))
}

// lookup asks for each row of values by a query of its own: a list of values to join would have a
// collation of its own, which the columns' does not compare with.
func (d *mysql) lookup(parent *Table, columns []*Column, rows [][]any, expressions []string) fragment {
	var all []fragment
	for n, row := range rows {
		one := fragment{text: "SELECT " + strconv.Itoa(n) + ", " + strings.Join(expressions, ", ") + " FROM " + d.from(parent)}
		var same []fragment
		for i, c := range columns {
			same = append(same, compared(d, parent, term{column: c}, "=", row[i]))
		}
		all = append(all, one.where(same))
	}
	return joinAll(all, " UNION ALL ")
}

// schemaVersion never changes: to find out would cost as much as to read the schema.
func (*mysql) schemaVersion(context.Context, *sql.Conn) (int64, error) { return 0, nil }
