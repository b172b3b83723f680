// Package connect opens a database by its address: a SQLite file, or a database of a PostgreSQL,
// MySQL or MariaDB server. What it says never repeats a password.
package connect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/go-crudadmin/crudadmin/internal/environ"
	"github.com/go-crudadmin/crudadmin/internal/sqldb"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// timeout is how long a server may take to let a connection in, unless its address says
// connect_timeout (PostgreSQL) or timeout (MySQL).
const timeout = 10 * time.Second

// Address says where a database is. It prints without a password.
type Address struct {
	Engine sqldb.Engine
	Path   string // of a SQLite file; empty where the database is on a server

	server *server
}

// server is a database on a server.
type server struct {
	driver         string // as errors name it
	where          string // host and port, or a socket
	user, database string
	password       string
	open           func() (*sql.DB, error)
}

// File is the address of a SQLite file.
func File(path string) Address { return Address{Engine: sqldb.SQLite, Path: path} }

// Parse reads sqlite:PATH, postgres://…, postgresql://…, mysql://… or mariadb://…. Its errors
// repeat nothing of an address that may hold a password.
func Parse(address string) (Address, error) {
	path, onServer, err := environ.Database(address)
	switch {
	case err != nil:
		return Address{}, err
	case !onServer:
		return File(path), nil
	case strings.HasPrefix(address, "postgres"):
		return parseServer(sqldb.PostgreSQL, address, readPostgres)
	}
	return parseServer(sqldb.MySQL, address, readMySQL)
}

// parseServer reads the address of a database on a server.
func parseServer(engine sqldb.Engine, address string, read func(*url.URL) (*server, error)) (Address, error) {
	scheme, _, _ := strings.Cut(address, ":")
	u, err := url.Parse(address)
	if err != nil {
		return Address{}, environ.NotAnAddress(scheme)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return Address{}, fmt.Errorf("%s://…: its port is not one of 1 to 65535", u.Scheme) // it may be a part of a password
		}
	}
	s, err := read(u)
	if err != nil {
		return Address{}, fmt.Errorf("%s://…: %s", u.Scheme, withoutPassword(err.Error(), u))
	}
	return Address{Engine: engine, server: s}, nil
}

// readPostgres reads the address of a PostgreSQL database, and what PGPASSWORD and libpq's other
// variables add to it.
func readPostgres(u *url.URL) (*server, error) {
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		cause := errors.Unwrap(err)
		if cause == nil || errors.As(err, new(*url.Error)) {
			cause = errors.New("it cannot be read")
		}
		return nil, cause
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = timeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "crudadmin"
	}
	where := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	if strings.HasPrefix(config.Host, "/") {
		where = config.Host
	}
	return &server{
		driver: "PostgreSQL", where: where, user: config.User, database: config.Database, password: config.Password,
		open: func() (*sql.DB, error) { return stdlib.OpenDB(*config), nil },
	}, nil
}

// readMySQL reads the address of a MySQL or MariaDB database. Its parameters are the driver's, such
// as tls=true; socket=PATH names a Unix socket.
func readMySQL(u *url.URL) (*server, error) {
	query := u.Query()
	socket := query.Get("socket")
	query.Del("socket")
	config, err := mysql.ParseDSN("/?" + query.Encode())
	if err != nil {
		return nil, err
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Net, config.Addr = "tcp", net.JoinHostPort(u.Hostname(), u.Port())
	switch {
	case socket != "":
		config.Net, config.Addr = "unix", socket
	case u.Hostname() == "":
		return nil, errors.New("it names no host: want mysql://USER:PASSWORD@HOST:PORT/NAME, or ?socket=PATH")
	case u.Port() == "":
		config.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	if config.DBName = strings.TrimPrefix(u.Path, "/"); config.DBName == "" {
		return nil, errors.New("it names no database: want mysql://USER:PASSWORD@HOST:PORT/NAME")
	}
	if config.Timeout == 0 {
		config.Timeout = timeout
	}
	return &server{
		driver: "MySQL", where: config.Addr, user: config.User, database: config.DBName, password: config.Passwd,
		open: func() (*sql.DB, error) {
			connector, err := mysql.NewConnector(config)
			if err != nil {
				return nil, err
			}
			return sql.OpenDB(connector), nil
		},
	}, nil
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

// Check says whether the file of a database that must be there is. A server is asked when it is
// opened.
func (a Address) Check() error {
	if a.server != nil {
		return nil
	}
	info, err := os.Stat(a.Path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", a.Path)
	}
	return nil
}

// Same reports whether both addresses are of one file.
func (a Address) Same(other Address) bool {
	if a.server != nil || other.server != nil {
		return false
	}
	mine, err := os.Stat(a.Path)
	if err != nil {
		return false
	}
	its, err := os.Stat(other.Path)
	return err == nil && os.SameFile(mine, its)
}

// Where names the database, for people.
func (a Address) Where() string {
	if a.server == nil {
		return a.Path
	}
	return fmt.Sprintf("the database %q at %s", a.server.database, a.server.where)
}

// Shown opens the application's database, which must be there.
func (a Address) Shown(ctx context.Context, readOnly bool) (*sql.DB, error) {
	if a.server == nil {
		return sqlite.OpenData(ctx, a.Path, readOnly)
	}
	return a.server.connect(ctx, a.Engine)
}

// Own opens the administrators' database. A SQLite file that is not there is made.
func (a Address) Own(ctx context.Context) (*sql.DB, error) {
	if a.server == nil {
		return sqlite.Open(ctx, a.Path)
	}
	return a.server.connect(ctx, a.Engine)
}

// connect opens a pool. The server must answer.
func (s *server) connect(ctx context.Context, engine sqldb.Engine) (*sql.DB, error) {
	db, err := s.open()
	if err != nil {
		return nil, errors.New(s.unanswered(engine, err))
	}
	n := max(8, 2*runtime.GOMAXPROCS(0)) // of the 100 or 151 that a server has as a rule
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n / 2)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(errors.New(s.unanswered(engine, err)), db.Close())
	}
	return db, nil
}

// unanswered says in one sentence why a server lets nobody in, without the password.
func (s *server) unanswered(engine sqldb.Engine, err error) string {
	said := err.Error()
	if i := strings.LastIndexByte(said, '\n'); i >= 0 { // one line for each address that was tried
		said = said[i+1:]
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok {
		said = dial.Err.Error()
	}
	said = strings.TrimSpace(said)
	if s.password != "" {
		said = strings.ReplaceAll(said, s.password, "xxxxx")
	}
	if engine.Fault(err) == sqldb.NoEntry {
		if _, reason, ok := strings.Cut(said, "FATAL: "); ok {
			said = reason
		}
		return fmt.Sprintf("the %s server at %s does not let the user %q into the database %q: %s", s.driver, s.where, s.user, s.database, said)
	}
	return fmt.Sprintf("the %s server at %s cannot be used: %s", s.driver, s.where, said)
}

// String is what is printed of an address, whatever prints it.
func (a Address) String() string { return a.Where() }

// GoString is as String is.
func (a Address) GoString() string { return a.Where() }
