package main

// This file opens the application's database: a SQLite file, or one of a PostgreSQL server.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/internal/environ"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// connectTimeout is how long a server may take to let a connection in, unless its address says
// connect_timeout.
const connectTimeout = 10 * time.Second

// shownDatabase is the database to show. It prints without its password.
type shownDatabase struct {
	Database string          // the path of a SQLite file; empty where it is on a server
	server   *pgx.ConnConfig // of PostgreSQL
}

// readDatabase reads --database. Its errors repeat nothing of an address that may hold a password.
func readDatabase(address string) (shownDatabase, error) {
	scheme, _, _ := strings.Cut(address, ":")
	switch scheme {
	case "sqlite":
		path, err := environ.SQLitePath(address)
		return shownDatabase{Database: path}, err
	case "postgres", "postgresql":
		server, err := readServer(address)
		return shownDatabase{server: server}, err
	}
	if !strings.Contains(address, ":") {
		return shownDatabase{}, errors.New("want sqlite:PATH, such as sqlite:shop.db, or postgres://USER:PASSWORD@HOST:PORT/NAME")
	}
	return shownDatabase{}, fmt.Errorf("only sqlite:PATH and postgres://… are supported by this version, and the address begins with %q", clip.Value(scheme)+":")
}

// readServer reads the address of a PostgreSQL database, and what PGPASSWORD and libpq's other
// variables add to it.
func readServer(address string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" || !strings.Contains(address, "://") {
		return nil, errors.New("it is not an address such as postgres://USER:PASSWORD@HOST:PORT/NAME: " +
			"in a password, characters such as / ? # [ ] @ are written as %2F %3F %23 %5B %5D %40")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, errors.New("postgres://…: its port is not one of 1 to 65535") // which may be a part of a password
		}
	}
	server, err := pgx.ParseConfig(address)
	if err != nil {
		cause := errors.Unwrap(err)
		if cause == nil || errors.As(err, new(*url.Error)) {
			cause = errors.New("it cannot be read")
		}
		return nil, fmt.Errorf("postgres://…: %s", withoutPassword(cause.Error(), u))
	}
	if server.ConnectTimeout == 0 {
		server.ConnectTimeout = connectTimeout
	}
	if server.RuntimeParams["application_name"] == "" {
		server.RuntimeParams["application_name"] = "crudadmin"
	}
	return server, nil
}

// withoutPassword is a text in which the password of an address is not repeated.
func withoutPassword(said string, u *url.URL) string {
	password, _ := u.User.Password()
	if password == "" {
		password = u.Query().Get("password")
	}
	if password == "" {
		return said
	}
	return strings.ReplaceAll(said, password, "xxxxx")
}

// check says whether a file to show is there; info is what it is. A server is asked when it is
// opened.
func (d shownDatabase) check() (info fs.FileInfo, err error) {
	if d.server != nil {
		return nil, nil
	}
	info, err = os.Stat(d.Database)
	if err != nil {
		return nil, fmt.Errorf("--database: %w; the file must exist", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("--database: %s is not a file", d.Database)
	}
	return info, nil
}

// open opens the database. A server must answer.
func (d shownDatabase) open(ctx context.Context, readOnly bool) (*sql.DB, error) {
	if d.server == nil {
		return sqlite.OpenData(ctx, d.Database, readOnly)
	}
	db := stdlib.OpenDB(*d.server)
	n := max(8, 2*runtime.GOMAXPROCS(0)) // of the 100 that a server has as a rule
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n / 2)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("--database: %s", d.unanswered(err)), db.Close())
	}
	return db, nil
}

// unanswered says in one sentence why a server lets nobody in, without its password.
func (d shownDatabase) unanswered(err error) string {
	where := net.JoinHostPort(d.server.Host, strconv.Itoa(int(d.server.Port)))
	if strings.HasPrefix(d.server.Host, "/") {
		where = d.server.Host
	}
	said := err.Error()
	if i := strings.LastIndexByte(said, '\n'); i >= 0 { // one line for each address that was tried
		said = said[i+1:]
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok {
		said = dial.Err.Error()
	}
	said = strings.TrimSpace(said)
	if d.server.Password != "" {
		said = strings.ReplaceAll(said, d.server.Password, "xxxxx")
	}
	if sqldb.PostgreSQL.Fault(err) == sqldb.NoEntry {
		if _, reason, ok := strings.Cut(said, "FATAL: "); ok {
			said = reason
		}
		return fmt.Sprintf("the PostgreSQL server at %s does not let the user %q into the database %q: %s", where, d.server.User, d.server.Database, said)
	}
	return fmt.Sprintf("the PostgreSQL server at %s cannot be used: %s", where, said)
}
