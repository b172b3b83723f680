// Inspect on each engine: what there is, before and after accounts are made.

package account_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

func TestInspectMakesNothing(t *testing.T) {
	each(t, func(t *testing.T, empty start) {
		db := empty(t)
		for range 2 {
			if got, err := account.Inspect(t.Context(), db.DB); err != nil || got != (account.Inspection{}) {
				t.Fatalf("of an empty database: %+v, %v", got, err)
			}
		}
		accounts, err := account.Open(t.Context(), db.DB, account.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := account.Inspect(t.Context(), db.DB); err != nil || got != (account.Inspection{Made: true}) {
			t.Errorf("without accounts: %+v, %v", got, err)
		}
		var ids []string
		for name, role := range map[string]account.Role{"ann": account.Superuser, "bob": account.Superuser, "cleo": account.Viewer} {
			u, err := accounts.Create(t.Context(), name, "correct horse battery staple", role)
			if err != nil {
				t.Fatal(err)
			}
			if name == "bob" {
				ids = append(ids, u.ID)
			}
		}
		if err := accounts.SetDisabled(t.Context(), ids[0], true); err != nil {
			t.Fatal(err)
		}
		if got, err := account.Inspect(t.Context(), db.DB); err != nil || got != (account.Inspection{Made: true, Accounts: 3, Superusers: 1}) {
			t.Errorf("of three: %+v, %v", got, err)
		}
	})
}

// Engines that only look like one of ours are refused before anything is made in them, and an
// outage is told from them.
func TestOpenAndInspectRefuseLookalikes(t *testing.T) {
	t.Parallel()
	server := &testserver.Saying{Version: "8.0.30-Vitess", Comment: "Version: 18.0.2"}
	db := server.Open()
	defer func() { _ = db.Close() }()
	_, opened := account.Open(t.Context(), db, account.Config{})
	_, inspected := account.Inspect(t.Context(), db)
	for _, err := range []error{opened, inspected} {
		if err == nil || errors.Is(err, account.ErrUnavailable) || !strings.Contains(err.Error(), "Vitess is neither MySQL nor MariaDB itself") {
			t.Errorf("%v", err)
		}
	}
	if server.Asked() > 0 {
		t.Errorf("%d statements were sent", server.Asked())
	}
}
