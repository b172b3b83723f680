// This file holds which column each field of a struct is, by its tags.

package typed

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-crudadmin/crudadmin/internal/data"
)

// Bounds of a struct: deeper and larger ones are refused, also those that embed
// themselves through a pointer.
const (
	maxEmbedded     = 8
	maxStructFields = 2000
)

// field is one field of a struct that holds a column.
type field struct {
	name   string // in Go, with the embedded ones before it: "Address.City"
	index  []int  // for reflect.Value.FieldByIndex
	typ    reflect.Type
	tag    reflect.StructTag
	column string   // in the table; empty if it has none
	named  string   // by a tag: the column must exist
	guess  []string // the columns it may be, best first

	label, help string // by the admin tag
	readOnly    bool
	secret      bool
	key         bool // said to be of the primary key
	notNull     bool // said to be NOT NULL
}

var (
	scannerType = reflect.TypeFor[sql.Scanner]()
	valuerType  = reflect.TypeFor[driver.Valuer]()
	timeType    = reflect.TypeFor[time.Time]()
)

// structFields lists the fields of a struct that can be columns.
func structFields(typ reflect.Type) ([]*field, error) {
	if typ.Kind() != reflect.Struct || isValue(typ) {
		return nil, fmt.Errorf("%s is not a struct whose fields map to columns", typ)
	}
	var all []*field
	err := walkFields(typ, nil, "", "", &all)
	return all, err
}

func walkFields(typ reflect.Type, index []int, path, prefix string, all *[]*field) error {
	if len(index) >= maxEmbedded {
		return fmt.Errorf("%s: structs are embedded more than %d deep", path, maxEmbedded)
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		at := append(slices.Clone(index), i)
		name := strings.TrimPrefix(path+"."+f.Name, ".")
		tags := readTags(f.Tag)
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		embedded := inner.Kind() == reflect.Struct && !isValue(f.Type) && !isValue(inner) && (f.Anonymous || tags.embedded)
		switch {
		case tags.skip, !f.IsExported() && (!f.Anonymous || inner != f.Type):
			continue
		case embedded && tags.named == "":
			if err := walkFields(inner, at, name, prefix+tags.prefix, all); err != nil {
				return err
			}
			continue
		case !f.IsExported(), tags.relation, !isValue(f.Type) && !isValue(inner) && !scalar(inner):
			continue // a relation, or nothing that a column holds
		}
		if len(*all) == maxStructFields {
			return fmt.Errorf("%s: the struct has more than %d fields", name, maxStructFields)
		}
		if tags.wrong != "" {
			return fmt.Errorf("%s: %s", name, tags.wrong)
		}
		one := &field{name: name, index: at, typ: f.Type, tag: f.Tag, label: tags.label, help: tags.help,
			readOnly: tags.readOnly, secret: tags.secret, key: tags.key, notNull: tags.notNull}
		if tags.named != "" {
			one.named = prefix + tags.named
			one.guess = []string{one.named}
		} else {
			for _, guess := range []string{tags.json, snakeCase(f.Name), f.Name} {
				if guess != "" {
					one.guess = append(one.guess, prefix+guess)
				}
			}
		}
		*all = append(*all, one)
	}
	return nil
}

// isValue reports a type that a column is read into as a whole.
func isValue(typ reflect.Type) bool {
	return typ == timeType || typ.Implements(scannerType) || reflect.PointerTo(typ).Implements(scannerType) || typ.Implements(valuerType) ||
		typ.Kind() == reflect.Array && typ.Len() == 16 && typ.Elem().Kind() == reflect.Uint8
}

// scalar reports a type that columns are read into.
func scalar(typ reflect.Type) bool {
	switch typ.Kind() {
	case reflect.Bool, reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		return true
	case reflect.Slice:
		return typ.Elem().Kind() == reflect.Uint8
	}
	return false
}

// fieldTags is what the tags of a field say.
type fieldTags struct {
	skip, relation, embedded, key, notNull, readOnly, secret bool

	named, json, prefix, label, help, wrong string
}

// readTags reads the tags in the order admin, db, gorm, bun, json: the first
// that names a column wins.
func readTags(tag reflect.StructTag) fieldTags {
	var out fieldTags
	name := func(text string) {
		if out.named == "" {
			out.named = strings.TrimSpace(text)
		}
	}
	out.readAdmin(tag.Get("admin"), name)
	if text, _, _ := strings.Cut(tag.Get("db"), ","); text == "-" {
		out.skip = true
	} else {
		name(text)
	}
	out.readGORM(tag.Get("gorm"), name)
	out.readBun(tag.Get("bun"), name)
	if text, _, _ := strings.Cut(tag.Get("json"), ","); text != "-" {
		out.json = strings.TrimSpace(text) // "-" keeps a field out of JSON, not out of the table
	}
	return out
}

// readAdmin reads `admin:"column;readonly;secret;label:Text;help:Text"`.
func (out *fieldTags) readAdmin(tag string, name func(string)) {
	for i, part := range strings.Split(tag, ";") {
		key, value, has := strings.Cut(strings.TrimSpace(part), ":")
		switch {
		case i == 0 && !has && key == "-":
			out.skip = true
		case i == 0 && !has:
			name(key)
		case key == "readonly" && !has:
			out.readOnly = true
		case key == "secret" && !has:
			out.secret = true
		case key == "label" && has:
			out.label = strings.TrimSpace(value)
		case key == "help" && has:
			out.help = strings.TrimSpace(value)
		case key != "" || has:
			out.wrong = fmt.Sprintf("the tag admin has %q: want a column, then readonly, secret, label:TEXT or help:TEXT, separated by semicolons", part)
		}
	}
}

// readGORM reads GORM's tag (https://gorm.io/docs/models.html).
func (out *fieldTags) readGORM(tag string, name func(string)) {
	for _, part := range strings.Split(tag, ";") {
		key, value, _ := strings.Cut(part, ":")
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "-":
			out.skip = out.skip || value == "" || strings.EqualFold(value, "all")
		case "column":
			name(value)
		case "embedded":
			out.embedded = true
		case "embeddedprefix":
			out.prefix = strings.TrimSpace(value)
		case "primarykey", "primary_key":
			out.key = true
		case "not null":
			out.notNull = true
		case "foreignkey", "references", "many2many", "polymorphic", "joinforeignkey", "joinreferences":
			out.relation = true
		}
	}
}

// readBun reads Bun's tag (https://bun.uptrace.dev/guide/models.html).
func (out *fieldTags) readBun(tag string, name func(string)) {
	for i, part := range strings.Split(tag, ",") {
		part = strings.TrimSpace(part)
		key, value, has := strings.Cut(part, ":")
		switch {
		case part == "-":
			out.skip = true
		case i == 0 && !has:
			name(part)
		case key == "embed":
			out.embedded, out.prefix = true, value
		case key == "rel", key == "m2m":
			out.relation = true
		case key == "pk":
			out.key = true
		case key == "notnull":
			out.notNull = true
		}
	}
}

// snakeCase is the column that GORM, sqlc and most people make of a field's name:
// CustomerID is customer_id, HTTPStatus http_status.
func snakeCase(name string) string {
	runes := []rune(name)
	var out strings.Builder
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 {
			before := runes[i-1]
			next := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if before != '_' && (!unicode.IsUpper(before) || next) {
				out.WriteByte('_')
			}
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// assignColumns gives each field its column in the table, by its exact name, else without
// regard to case and underscores. Two fields of one column are an error.
func assignColumns(fields []*field, t *data.Table) error {
	folded := map[string][]string{}
	for _, c := range t.Columns {
		folded[fold(c.Name)] = append(folded[fold(c.Name)], c.Name)
	}
	taken := map[string]string{}
	for _, f := range fields {
		for _, guess := range f.guess {
			if _, ok := t.Column(guess); ok {
				f.column = guess
				break
			}
		}
		for _, guess := range f.guess {
			if same := folded[fold(guess)]; f.column == "" && len(same) == 1 {
				f.column = same[0]
			}
		}
		if f.column == "" {
			continue
		}
		if other, ok := taken[f.column]; ok {
			return fmt.Errorf("the fields %s and %s are both the column %q: name one of them by a tag", other, f.name, f.column)
		}
		taken[f.column] = f.name
	}
	return nil
}

func fold(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
