// How the address of a database is read, and what is said where it cannot be opened.

package connect_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/connect"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

// What people type in --database, and what may not be repeated of it.
func TestDatabaseAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"sqlite:shop.db":                                              "",
		"postgres://ann:canary@db/shop":                               "",
		"postgresql://ann:canary@db:5433/shop":                        "",
		"postgres://ann:can%2Fary@[::1]:5432/shop":                    "",
		"postgres:///shop?host=/run/postgresql":                       "",
		"postgres://a@h1:1,h2:2/shop?target_session_attrs=read-write": "",
		"shop.db":                    "want sqlite:PATH",
		"sqlite:":                    "needs a path",
		"mysql://ann:canary@db/shop": "",
		"mariadb://ann:can%2Fary@[::1]:3307/shop?tls=skip-verify":   "",
		"mysql://ann:canary@/shop?socket=/run/mysqld.sock":          "",
		"oracle://ann:canary@db/shop":                               `begins with "oracle:"`,
		"mysql://ann:canary@db":                                     "names no database",
		"mysql://ann:canary@db/":                                    "names no database",
		"mysql://ann:canary@/shop":                                  "names no host",
		"mysql://ann:canary@db:0/shop":                              "port",
		"mysql://ann:canary@db/shop?tls=canary":                     "mysql://…",
		"mysql://ann:canary@db/shop?timeout=soon":                   "mysql://…",
		"postgres:ann:canary@db":                                    "it is not an address",
		"postgres://ann:can/ary@db/shop":                            "it is not an address",
		"postgres://ann:canary@db:port/shop":                        "it is not an address",
		"postgres://ann:canary@db:99999/shop":                       "port",
		"postgres://ann:canary@db/shop?sslmode=maybe":               "sslmode",
		"postgres://ann:canary@db/shop?sslrootcert=/nowhere/canary": "postgres://…",
	} {
		shown, err := connect.Parse(address)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
		for _, said := range []string{fmt.Sprint(err), fmt.Sprintf("%v %+v %#v %+v", shown, shown, shown, struct{ A connect.Address }{shown})} {
			if strings.Contains(said, "canary") || strings.Contains(said, "ary@") {
				t.Errorf("%s: the password is in %q", address, said)
			}
		}
	}
}

// A server that lets nobody in says why, in one sentence without the password.
func TestDatabaseServersThatCannotBeUsed(t *testing.T) {
	server := testserver.SharedPostgres(t)
	base, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	base.User = url.UserPassword("postgres", "canary")
	refused, missing := *base, *base
	refused.Host, missing.Path = "127.0.0.1:1", "/nowhere"
	for address, want := range map[string]string{
		refused.String(): "the PostgreSQL server at 127.0.0.1:1 cannot be used: connect: connection refused",
		missing.String(): `does not let the user "postgres" into the database "nowhere": database "nowhere" does not exist`,
	} {
		shown, err := connect.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = shown.Shown(t.Context(), true)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
