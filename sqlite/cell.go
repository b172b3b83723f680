// Cells: long values read bit by bit, by SQLite's incremental I/O
// (sqlite.org/c3ref/blob_open.html).

package sqlite

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"math/bits"
	"reflect"

	"modernc.org/libc"
	driver2 "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// connector opens connections that read cells bit by bit.
type connector struct{ driver.Connector }

// wrapped is all that database/sql, and this package, ask of the driver's connections.
type wrapped interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	IsReadOnly(schema string) (bool, error)
}

// connection is one of the driver's that reads cells bit by bit.
type connection struct{ wrapped }

func newConnector(dsn string) (driver.Connector, error) {
	c, err := driver2.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return connector{c}, nil
}

// Connect implements [driver.Connector].
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if full, ok := conn.(wrapped); ok && err == nil {
		return &connection{full}, nil
	}
	return conn, err
}

// Unwrap returns the driver's own connection, which its functions look for.
func (c *connection) Unwrap() driver.Conn { return c.wrapped }

// ReadCell gives the bytes of a text or blob to yield, in pieces of at most size bytes, as the
// connection's transaction sees it, while neither SQLite nor Go holds more of it. A piece is only
// good until yield returns. It reports false, and has given nothing, where SQLite cannot do that:
// no such row, a table without row ids, a view, a computed column, a number. Errors: yield's,
// ctx's, and SQLite's while it reads.
func (c *connection) ReadCell(ctx context.Context, table, column string, row int64, size int, yield func([]byte) error) (bool, error) {
	db, ok := handle(c.wrapped)
	if !ok {
		return false, nil
	}
	tls := libc.NewTLS() // the connection's own is in use where a statement is under way
	defer tls.Close()
	var names [3]uintptr
	for i, name := range []string{"main", table, column} {
		p, err := libc.CString(name)
		if err != nil {
			return false, err
		}
		defer libc.Xfree(tls, p)
		names[i] = p
	}
	const word = bits.UintSize / 8
	out, buffer := libc.Xcalloc(tls, 1, word), libc.Xmalloc(tls, libc.Tsize_t(size))
	defer libc.Xfree(tls, out)
	defer libc.Xfree(tls, buffer)
	if out == 0 || buffer == 0 {
		return false, fmt.Errorf("sqlite: no memory for %d bytes of a cell", size)
	}
	rc := lib.Xsqlite3_blob_open(tls, db, names[0], names[1], names[2], row, 0, out)
	blob := pointer(libc.GoBytes(out, word))
	defer lib.Xsqlite3_blob_close(tls, blob) // a null handle is left alone
	if rc != lib.SQLITE_OK {
		return false, nil
	}
	piece := libc.GoBytes(buffer, size)
	for from, n := 0, int(lib.Xsqlite3_blob_bytes(tls, blob)); from < n; {
		if err := ctx.Err(); err != nil {
			return true, err
		}
		k := min(size, n-from)
		if rc := lib.Xsqlite3_blob_read(tls, blob, buffer, int32(k), int32(from)); rc != lib.SQLITE_OK {
			return true, fmt.Errorf("sqlite: reading %s.%s at byte %d: result code %d", table, column, from, rc)
		}
		if err := yield(piece[:k]); err != nil {
			return true, err
		}
		from += k
	}
	return true, nil
}

// handle is SQLite's of one of the driver's connections, which keeps it in a field of its own.
// Where a later driver has another, cells are read as without this.
func handle(conn driver.Conn) (uintptr, bool) {
	v := reflect.ValueOf(conn)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return 0, false
	}
	field := v.Elem().FieldByName("db")
	if !field.IsValid() || field.Kind() != reflect.Uintptr || field.Uint() == 0 {
		return 0, false
	}
	return uintptr(field.Uint()), true
}

// pointer reads one from the memory of the library.
func pointer(word []byte) uintptr {
	if len(word) == 4 {
		return uintptr(binary.NativeEndian.Uint32(word))
	}
	return uintptr(binary.NativeEndian.Uint64(word))
}
