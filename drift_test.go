// Tests of drift: structs and tables that do not fit each other.

package crudadmin

import (
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin/internal/testserver"
)

const drifting = `CREATE TABLE things (
	id INTEGER PRIMARY KEY, code TEXT UNIQUE, name TEXT, count TEXT NOT NULL, at TEXT, kind TEXT CHECK (kind IN ('a', 'b')),
	needed TEXT NOT NULL, extra TEXT)`

func TestDriftOfEachKind(t *testing.T) {
	testserver.WithoutRaceDetector(t)
	type Thing struct {
		ID     int64
		Code   string  `gorm:"primaryKey"`
		Name   string  `gorm:"not null"`
		Count  int     `db:"count"`
		At     float64 `db:"at"`
		Kind   *string `validate:"omitempty,oneof=a c"`
		Needed *string
		Gone   string `bun:"gone"`
	}
	b := newBench(t, nil)
	if _, err := b.db.ExecContext(t.Context(), drifting); err != nil {
		t.Fatal(err)
	}
	if err := b.source.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := Register(b.Panel, View[Thing]{Create: []string{"name", "count"}}); err != nil {
		t.Fatal(err)
	}
	all := b.Drift()
	for _, want := range []Drift{
		{Column: "count", Field: "Count", Message: "TEXT (text), but the field is of type int"},
		{Column: "at", Field: "At", Message: "which holds numbers"},
		{Column: "name", Field: "Name", Message: "can be NULL, which the field of type string"},
		{Column: "name", Field: "Name", Message: "the field's tag says that it cannot"},
		{Column: "kind", Field: "Kind", Message: `does not allow "c"`},
		{Column: "extra", Message: "has no field"},
		{Field: "Gone", Message: "has no column: the table has none named gone"},
		{Message: "the primary key is code in the tags, but id in the table"},
	} {
		if !containsDrift(all, want) {
			t.Errorf("not found: %+v in %+v", want, all)
		}
	}
	// Validation is a hook too. With it, a required field that is on no form is not reported;
	// without it, it is.
	type Thin struct {
		ID   int64
		Name *string
	}
	other := newBench(t, nil)
	if _, err := other.db.ExecContext(t.Context(), drifting); err != nil {
		t.Fatal(err)
	}
	if err := other.source.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := Register(other.Panel, View[Thin]{Table: "things"}); err != nil {
		t.Fatal(err)
	}
	if !containsDrift(other.Drift(), Drift{Column: "needed", Message: "is required, but the form"}) {
		t.Errorf("a required column on no form is not said: %+v", other.Drift())
	}
	// Customers and their struct agree, except for columns that the struct leaves out.
	same := registered(t, View[Customer]{})
	for _, d := range same.Drift() {
		if d.Field == "ID" || d.Field == "Email" || d.Field == "Born" || d.Field == "VIP" || d.Field == "Orders" {
			t.Errorf("they agree: %+v", d)
		}
	}
}

func containsDrift(all []Drift, want Drift) bool {
	for _, d := range all {
		if d.Column == want.Column && d.Field == want.Field && strings.Contains(d.Message, want.Message) {
			return true
		}
	}
	return false
}

// BaseModel is what bun.BaseModel looks like.
type BaseModel struct{}

func TestTablesOfHostileStructs(t *testing.T) {
	b := newBench(t, nil)
	if err := Register(b.Panel, View[panicking]{}); err == nil || !strings.Contains(err.Error(), "TableName") {
		t.Errorf("a TableName that panics: %v", err)
	}
	if err := Register(b.Panel, View[inBun]{}); err != nil || !b.declares("customers") {
		t.Errorf("the table in a bun tag: %v", err)
	}
}

type panicking struct{ ID int }

func (*panicking) TableName() string { panic("not today") }

type inBun struct {
	BaseModel `bun:"table:customers,alias:c"`
	ID        int64
}
