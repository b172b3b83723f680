// What the tests of panels over PostgreSQL and over MariaDB assert, each once.

package crudadmin

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// untouchedFormsStay fails if a form of the records 1 and 2 of a table that is sent as it is
// changes the row, or if a new record that nobody touched is another one than record 2.
func untouchedFormsStay(t *testing.T, b *bench, tables []string, row func(name string, id int) string) {
	t.Helper()
	page := b.browser(t).signIn(adminName)
	for _, name := range tables {
		for id := 1; id <= 2; id++ {
			before := row(name, id)
			if w := page.saveUntouched(fmt.Sprintf("/m/%s/%d/edit", name, id)); w.Code != http.StatusSeeOther {
				t.Errorf("%s: %d %s", before, w.Code, inner(w.Body.String()))
			}
			if after := row(name, id); after != before {
				t.Errorf("%s became %s", before, after)
			}
		}
		want := row(name, 2)
		if w := page.saveUntouched("/m/" + name + "/new"); w.Code != http.StatusSeeOther {
			t.Errorf("new, of %s: %d %s", want, w.Code, inner(w.Body.String()))
		} else if got := row(name, 3); got != want {
			t.Errorf("new: %s, want %s", got, want)
		}
	}
}

// itemsAreEdited fails if what two people do to items and their tags is not what the database
// holds, or if one is not told what the other did. at is the default of a new item's time.
func itemsAreEdited(t *testing.T, b *bench, at string) {
	t.Helper()
	first, second := b.browser(t).signIn(adminName), b.browser(t).signIn(adminName)
	if w := first.post("/m/items/", "/m/items/", url.Values{"name": {"new one"}, "n": {"7"}, "item_tags": {"", "b"}}); w.Code != http.StatusSeeOther {
		t.Fatalf("create: %d %s", w.Code, inner(w.Body.String()))
	}
	if got := b.scalar(t, "SELECT concat_ws(' ', name, n, at, (SELECT tag FROM item_tags WHERE item = id)) FROM items WHERE name = 'new one'"); got != "new one 7 "+at+" b" {
		t.Error(got)
	}
	token := first.tokenOf("/m/items/1/edit")
	if w := second.post("/m/items/", "/m/items/1/edit", url.Values{"row.token": {token}, "name": {"THEIRS"}}); w.Code != http.StatusSeeOther {
		t.Fatalf("edit: %d %s", w.Code, inner(w.Body.String()))
	}
	w := first.post("/m/items/", "/m/items/1/edit", url.Values{"row.token": {token}, "name": {"MINE"}})
	if body := w.Body.String(); w.Code != http.StatusConflict || !strings.Contains(body, "MINE") || !strings.Contains(body, "THEIRS") {
		t.Errorf("a stale edit: %d", w.Code)
	}
	if got := b.scalar(t, "SELECT name FROM items WHERE id = 1"); got != "THEIRS" {
		t.Error(got)
	}
	bulk := first.asked("/m/items/actions/edit", url.Values{"all": {"1"}, "f.n.ge": {"15"}, "set.to.n": {"1"}, "to.n": {"99"}, "confirm": {"1"}})
	if w := second.post("/m/items/", "/m/items/", url.Values{"name": {"late"}, "n": {"16"}}); w.Code != http.StatusSeeOther {
		t.Fatal(w.Code)
	}
	if w := first.post("/m/items/", "/m/items/actions/edit", bulk); w.Code != http.StatusConflict {
		t.Errorf("a bulk edit of others than were asked about: %d", w.Code)
	}
	bulk = first.asked("/m/items/actions/edit", url.Values{"all": {"1"}, "f.n.ge": {"15"}, "set.to.n": {"1"}, "to.n": {"99"}, "confirm": {"1"}})
	if w := first.post("/m/items/", "/m/items/actions/edit", bulk); w.Code != http.StatusSeeOther {
		t.Errorf("a bulk edit: %d %s", w.Code, inner(w.Body.String()))
	}
	if got := b.scalar(t, "SELECT count(*) FROM items WHERE n = 99"); got != "7" {
		t.Errorf("%s were set", got)
	}
	if w := first.post("/m/items/", "/m/items/1/delete", url.Values{"confirm": {"1"}, "row.token": {first.tokenOf("/m/items/1/delete")}}); w.Code != http.StatusSeeOther {
		t.Errorf("delete: %d %s", w.Code, inner(w.Body.String()))
	}
	if w := first.post("/m/items/", "/m/items/actions/delete", url.Values{"key": {"2", "3"}, "confirm": {"1"}}); w.Code != http.StatusSeeOther {
		t.Errorf("bulk delete: %d %s", w.Code, inner(w.Body.String()))
	}
	if got := b.scalar(t, "SELECT concat_ws(' ', count(*), (SELECT count(*) FROM item_tags)) FROM items"); got != "19 1" {
		t.Errorf("%s are left", got)
	}
}

// Sale is a row with a field of each kind that structs have.
type Sale struct {
	ID    int64
	Name  string
	Price float64
	Exact string
	Paid  bool
	At    time.Time
	Maybe *time.Time
	Day   time.Time
	Note  sql.NullString
	Raw   []byte
	UID   [16]byte
	Extra json.RawMessage
}

// hooksAreRun fails if the hooks of sales do not have the row and the transaction, or if what they
// set is not stored. place is the first placeholder; stored is a row as a text, and want what that
// is after the hooks.
func hooksAreRun(t *testing.T, b *bench, place, stored, want string) {
	t.Helper()
	var was Sale
	at := time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.FixedZone("", 3600))
	err := Register(b.Panel, View[Sale]{
		AfterCreate: func(_ context.Context, _ Tx, s *Sale) error { was = *s; return nil },
		BeforeUpdate: func(ctx context.Context, tx Tx, old, s *Sale) error {
			s.At, s.Maybe, s.Day, s.Price, s.Exact, s.Paid, s.Note = at, &at, at, 2.5, "3.125", !old.Paid, sql.NullString{String: "by the hook", Valid: true}
			s.Raw, s.UID[0], s.Extra = []byte{1, 2}, 0xff, json.RawMessage(`{"b": [1.10]}`)
			_, err := tx.ExecContext(ctx, "INSERT INTO log VALUES ("+place+")", old.Name+">"+s.Name)
			return err
		},
		BeforeDelete: func(_ context.Context, _ Tx, s *Sale) error { return errors.New("not " + s.Name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	page := b.browser(t).signIn(adminName)
	if w := page.changeFields("/m/sales/new", map[string]string{"name": "one"}); w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, inner(w.Body.String()))
	}
	if got := fmt.Sprintf("%+v", was); !strings.HasPrefix(got, "{ID:1 Name:one Price:0.1") || !strings.Contains(got, "Exact:1.500 Paid:true At:2026-01-02 03:04:05.678901 +0000") ||
		!strings.Contains(got, "Day:2026-02-03 00:00:00 +0000 UTC") || !strings.Contains(got, "Raw:[0 255] UID:[0 17 34") {
		t.Errorf("the hook got %s", got)
	}
	if w := page.changeFields("/m/sales/1/edit", map[string]string{"name": "two"}); w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, inner(w.Body.String()))
	}
	if got := b.scalar(t, "SELECT "+stored+" FROM sales"); got != want {
		t.Errorf("%s\nis stored, want\n%s", got, want)
	}
	if got := b.scalar(t, "SELECT what FROM log"); got != "one>two" {
		t.Error(got)
	}
	if w := page.post("/account", "/m/sales/1/delete", url.Values{"confirm": {"1"}, "row.token": {page.tokenOf("/m/sales/1/delete")}}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "not two") {
		t.Errorf("a deletion that the hook refuses: %d", w.Code)
	}
}

// twoSavesAtTwoNodes fails if of two people who save one record, each at a panel of their own, not
// one is told to look again. Each level of isolation becomes the default by the statement set; ask
// asks for it.
func twoSavesAtTwoNodes(t *testing.T, connect func() (*sql.DB, error), set, ask string, levels ...string) {
	t.Helper()
	var nodes []*bench
	var pages []*browser
	for _, statements := range [][]string{{`CREATE TABLE x (id integer PRIMARY KEY, n varchar(50), who varchar(50))`, `INSERT INTO x VALUES (1, '', '')`}, nil} {
		db, err := connect()
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxIdleConns(0) // each connection asks for the default
		nodes = append(nodes, benchOver(t, db, statements...))
		pages = append(pages, nodes[len(nodes)-1].browser(t).signIn(adminName))
	}
	for _, level := range levels {
		if _, err := nodes[0].db.ExecContext(t.Context(), fmt.Sprintf(set, level)); err != nil {
			t.Fatal(err)
		}
		if is := nodes[1].scalar(t, ask); is != level {
			t.Fatalf("%s by default, want %s", is, level)
		}
		for round := range 3 {
			forms := []webForm{pages[0].controls("/m/x/1/edit"), pages[1].controls("/m/x/1/edit")}
			var codes [2]int
			var ready, done sync.WaitGroup
			ready.Add(2)
			for i, page := range pages {
				forms[i].values.Set("n", fmt.Sprint(level, round))
				forms[i].values.Set("who", fmt.Sprint("node ", i))
				done.Go(func() {
					ready.Done()
					ready.Wait()
					codes[i] = page.sendForm(forms[i]).Code
				})
			}
			done.Wait()
			winner := slices.Index(codes[:], http.StatusSeeOther)
			if winner < 0 || codes[1-winner] != http.StatusConflict {
				t.Fatalf("%s, round %d: %v", level, round, codes)
			}
			if got, want := nodes[0].scalar(t, "SELECT concat(n, who) FROM x"), fmt.Sprintf("%s%dnode %d", level, round, winner); got != want {
				t.Errorf("%q is there, want %q", got, want)
			}
		}
	}
}
