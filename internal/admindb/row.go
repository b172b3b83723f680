// Rows: values of one engine in the form that another takes, and how rows are compared.

package admindb

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/sqldb"
)

// kind is what a column holds.
type kind int

const (
	text kind = iota + 1
	octets
	number
	boolean
)

// kinds are those of the types of columns that the migrations use, as the drivers name them.
var kinds = map[string]kind{
	"TEXT": text, "VARCHAR": text,
	"BLOB": octets, "BYTEA": octets, "BINARY": octets, "VARBINARY": octets,
	"INTEGER": number, "INT2": number, "INT8": number, "TINYINT": number, "SMALLINT": number, "BIGINT": number,
	"BOOL": boolean,
}

// column is a column of a table in the target.
type column struct {
	name string
	kind kind
}

type columns []column

// columnsOf asks the database for the columns of a table.
func columnsOf(ctx context.Context, db *sqldb.Tx, name string) (columns, error) {
	rows, err := db.Query(ctx, "SELECT * FROM "+name+" WHERE 1 = 0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	var all columns
	for _, t := range types {
		is, ok := kinds[t.DatabaseTypeName()]
		if !ok {
			return nil, fmt.Errorf("its column %s has the type %s, which this program does not copy", t.Name(), t.DatabaseTypeName())
		}
		all = append(all, column{t.Name(), is})
	}
	return all, rows.Err()
}

func (c columns) names() []string {
	var names []string
	for _, one := range c {
		names = append(names, one.name)
	}
	return names
}

func (c columns) sorted() []string { return slices.Sorted(slices.Values(c.names())) }

// insert is the statement that enters n rows.
func (c columns) insert(name string, n int) string {
	row := "(?" + strings.Repeat(", ?", len(c)-1) + ")"
	return "INSERT INTO " + name + " (" + strings.Join(c.names(), ", ") + ") VALUES " + row + strings.Repeat(", "+row, n-1)
}

// each calls do with every row of a table, in the order of c and in the forms that its columns
// take.
func (c columns) each(ctx context.Context, db *sqldb.Tx, name string, do func(row []any) error) error {
	rows, err := db.Query(ctx, "SELECT "+strings.Join(c.names(), ", ")+" FROM "+name)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		row := make([]any, len(c))
		into := make([]any, len(c))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, one := range c {
			if row[i], err = one.kind.form(row[i]); err != nil {
				return fmt.Errorf("column %s: %w", one.name, err)
			}
		}
		if err := do(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// form is a value as a column of that kind takes it. Drivers give texts as bytes and numbers as
// texts, and booleans are numbers where there are none. Errors do not repeat the value.
func (k kind) form(value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	switch v := value.(type) {
	case []byte:
		if k == octets {
			return v, nil
		}
		return k.read(string(v))
	case string:
		return k.read(v)
	case bool:
		switch {
		case k == boolean:
			return v, nil
		case k == number && v:
			return int64(1), nil
		case k == number:
			return int64(0), nil
		}
	case int64:
		switch {
		case k == number:
			return v, nil
		case k == boolean && (v == 0 || v == 1):
			return v == 1, nil
		}
	}
	return nil, fmt.Errorf("a value of the type %T does not fit", value)
}

// read is form for a value that the driver gave as a text.
func (k kind) read(v string) (any, error) {
	switch k {
	case text:
		return v, nil
	case octets:
		return []byte(v), nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("a text stands where a number is wanted") //nolint:err113 // said to people
	}
	return k.form(n)
}

// end ends a session that is live at now, as session/sqlstore ends it: with its metadata cleared. A
// session that has expired has ended then. It reports whether the session was live.
func (c columns) end(row []any, now int64) (live bool) {
	at := func(name string) *any {
		return &row[slices.IndexFunc(c, func(one column) bool { return one.name == name })]
	}
	if *at("ended_at") != nil {
		return false
	}
	expires, _ := (*at("expires_at")).(int64)
	deadline, _ := (*at("deadline")).(int64)
	ended, reason, by := now, "revoked", "crudadmin admin copy"
	if expires <= now {
		ended, reason, by = expires, "absolute", ""
		if expires < deadline {
			reason = "idle"
		}
	}
	*at("ended_at"), *at("ended_reason"), *at("ended_by"), *at("metadata") = ended, reason, by, []byte("{}")
	return ended == now
}

// digest is a sum over rows in whatever order: what it is the same for is the same.
type digest struct {
	rows int64
	sum  [4]uint64
}

func (d *digest) add(row []any) {
	h := sha256.New()
	for _, value := range row {
		write(h, value)
	}
	d.rows++
	for i, sum := 0, h.Sum(nil); i < len(d.sum); i++ {
		d.sum[i] += binary.BigEndian.Uint64(sum[8*i:])
	}
}

// write enters a value so that no two rows give the same bytes; the kinds of one column on two
// engines do.
func write(h hash.Hash, value any) {
	var is byte
	var v []byte
	switch value := value.(type) {
	case nil:
		is = '0'
	case string:
		is, v = 't', []byte(value)
	case []byte:
		is, v = 't', value
	case int64:
		is, v = 'n', strconv.AppendInt(nil, value, 10)
	case bool:
		is, v = 'n', []byte("0")
		if value {
			v = []byte("1")
		}
	}
	_, _ = h.Write(binary.BigEndian.AppendUint64([]byte{is}, uint64(len(v))))
	_, _ = h.Write(v)
}
