// Tests of columns and decoding: tags, structs and values that do not fit each other.

package typed

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/data"
)

// gormModel is what gorm.Model looks like.
type gormModel struct {
	ID        uint `gorm:"primarykey"`
	CreatedAt time.Time
	DeletedAt sql.NullTime `gorm:"index"`
}

type address struct{ Street, City string }

func TestColumnsOfTags(t *testing.T) {
	type loop struct {
		*gormModel
		Name string
	}
	type everything struct {
		gormModel
		A          string `admin:"a1;label:The A;help:say a;readonly" db:"a2" gorm:"column:a3"`
		B          string `db:"b2,omitempty" json:"b5"`
		C          string `gorm:"type:text;COLUMN:c3 ;not null"`
		D          string `bun:"d4,pk,notnull" json:"-"`
		E          string `json:"e5,omitempty"`
		HTTPStatus int
		CustomerID *int64
		Secret     string  `admin:";secret"`
		No1        string  `db:"-"`
		No2        string  `gorm:"-:all"`
		No3        string  `admin:"-"`
		No4        string  `bun:"-"`
		Home       address `gorm:"embedded;embeddedPrefix:home_"`
		Work       address
		Friends    []loop          `gorm:"many2many:friends"`
		Boss       *loop           `bun:"rel:belongs-to"`
		Func       func()          `json:"func"`
		Ch         chan int        `json:"ch"`
		Map        map[string]int  `json:"map"`
		Raw        json.RawMessage `json:"raw"`
		UUID       [16]byte        `json:"uuid"`
		Broken     string          `gorm:";;;:::;column" bun:",,,:,table:" admin:" ; " db:"  "`
		private    string
		Null       sql.Null[string] `db:"null"`
	}
	fields, err := structFields(reflect.TypeOf(everything{private: "not exported"}))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range fields {
		got[f.name] = strings.Join(f.guess, " ")
	}
	want := map[string]string{
		"gormModel.ID": "id ID", "gormModel.CreatedAt": "created_at CreatedAt", "gormModel.DeletedAt": "deleted_at DeletedAt",
		"A": "a1", "B": "b2", "C": "c3", "D": "d4", "E": "e5 e E", "HTTPStatus": "http_status HTTPStatus", "CustomerID": "customer_id CustomerID",
		"Secret": "secret Secret", "Home.Street": "home_street home_Street", "Home.City": "home_city home_City", "Raw": "raw raw Raw",
		"UUID": "uuid uuid UUID", "Broken": "broken Broken", "Null": "null",
	}
	for name, guess := range want {
		if got[name] != guess {
			t.Errorf("%s is %q, want %q", name, got[name], guess)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is taken for a column: %q", name, got[name])
		}
	}
	var a *field
	for _, f := range fields {
		if f.name == "A" {
			a = f
		}
	}
	if a.label != "The A" || a.help != "say a" || !a.readOnly {
		t.Errorf("the admin tag is %+v", a)
	}
}

// Endless embeds itself.
type Endless struct {
	*Endless
	Name string
}

func TestHostileStructs(t *testing.T) {
	if _, err := structFields(reflect.TypeFor[Endless]()); err == nil || !strings.Contains(err.Error(), "deep") {
		t.Errorf("a struct that embeds itself: %v", err)
	}
}

// loud is a Scanner and Valuer of its own kind.
type loud struct{ text string }

func (l *loud) Scan(from any) error {
	switch from := from.(type) {
	case string:
		if from == "panic" {
			panic("a Scanner's own fault")
		}
		l.text = from + "!"
	case nil:
		l.text = ""
	default:
		return fmt.Errorf("no %T", from)
	}
	return nil
}

func (l loud) Value() (driver.Value, error) { return strings.TrimSuffix(l.text, "!"), nil }

func TestAssign(t *testing.T) {
	text, when, number, blob := &data.Column{Kind: data.KindText}, &data.Column{Kind: data.KindDateTime}, &data.Column{Kind: data.KindInteger}, &data.Column{Kind: data.KindBlob}
	id := [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	seven := int64(7)
	for name, c := range map[string]struct {
		to     any // a pointer to the field
		raw    any
		column *data.Column
		want   any // nil: an error
	}{
		"text":                    {new(string), "x", text, "x"},
		"NULL in a string":        {new(string), nil, text, ""},
		"blob in a string":        {new(string), []byte("b"), text, "b"},
		"number in a string":      {new(string), int64(5), text, "5"},
		"int8":                    {new(int8), int64(127), number, int8(127)},
		"int8 overflows":          {new(int8), int64(128), number, nil},
		"uint of a negative":      {new(uint), int64(-1), number, nil},
		"int of a whole real":     {new(int), 3.0, number, 3},
		"int of a fraction":       {new(int), 3.5, number, nil},
		"int of infinity":         {new(int), math.Inf(1), number, nil},
		"int of text":             {new(int), "free", number, nil},
		"bool":                    {new(bool), int64(1), number, true},
		"bool of text":            {new(bool), "perhaps", text, nil},
		"float of text":           {new(float64), "2.5", text, 2.5},
		"pointer":                 {new(*int64), int64(7), number, &seven},
		"NULL in a pointer":       {new(*int64), nil, number, (*int64)(nil)},
		"time of text":            {new(time.Time), "2026-01-02 03:04:05", when, at},
		"time of Unix seconds":    {new(time.Time), at.Unix(), when, at},
		"time of nonsense":        {new(time.Time), "soon", when, nil},
		"sql.NullString":          {new(sql.NullString), "x", text, sql.NullString{String: "x", Valid: true}},
		"NULL in sql.NullString":  {new(sql.NullString), nil, text, sql.NullString{}},
		"sql.NullTime of text":    {new(sql.NullTime), "2026-01-02 03:04:05", when, sql.NullTime{Time: at, Valid: true}},
		"sql.Null[int64]":         {new(sql.Null[int64]), int64(7), number, sql.Null[int64]{V: 7, Valid: true}},
		"sql.NullBool":            {new(sql.NullBool), int64(1), &data.Column{Kind: data.KindBool}, sql.NullBool{Bool: true, Valid: true}},
		"bytes":                   {new([]byte), []byte{1}, blob, []byte{1}},
		"json.RawMessage":         {new(json.RawMessage), `{"a":1}`, text, json.RawMessage(`{"a":1}`)},
		"UUID of 16 bytes":        {new([16]byte), id[:], blob, id},
		"UUID of text":            {new([16]byte), "01020304-0506-0708-090a-0b0c0d0e0f10", text, id},
		"UUID of 15 bytes":        {new([16]byte), id[:15], blob, nil},
		"a Scanner":               {new(loud), "x", text, loud{"x!"}},
		"a Scanner that panics":   {new(loud), "panic", text, nil},
		"a Scanner that declines": {new(loud), int64(1), number, nil},
		"a pointer to a Scanner":  {new(*loud), "x", text, &loud{"x!"}},
		"a channel":               {new(chan int), "x", text, nil},
	} {
		v := reflect.ValueOf(c.to).Elem()
		err := assign(v, c.raw, c.column)
		if c.want == nil {
			if err == nil {
				t.Errorf("%s: %v, want an error", name, v.Interface())
			}
			continue
		}
		if at, isTime := v.Interface().(time.Time); err != nil || isTime && !at.Equal(c.want.(time.Time)) || !isTime && !reflect.DeepEqual(v.Interface(), c.want) {
			t.Errorf("%s: %#v, %v, want %#v", name, v.Interface(), err, c.want)
		}
		if _, err := encode(v, c.column); err != nil {
			t.Errorf("%s: encode: %v", name, err)
		}
	}
}

func FuzzTags(f *testing.F) {
	f.Add(`admin:"a;label:x" gorm:"column:b" bun:"c,pk" db:"d" json:"e"`)
	f.Add("admin:\"\\")
	f.Fuzz(func(t *testing.T, tag string) {
		out := readTags(reflect.StructTag(tag))
		if len(out.named) > len(tag) {
			t.Errorf("%q names %q", tag, out.named)
		}
	})
}
