// Examples of what programs say of their tables, compiled as documentation.

package data_test

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/data"
)

// A Config names what is shown; the rest of the database stays as it is.
func ExampleConfig() {
	tables := data.Config{
		Hide: []string{"schema_migrations"},
		Mask: []string{"customers.tax_number", "*.webhook_url"},
		Tables: map[string]data.TableConfig{
			"customers": {
				Label: "Customers", Display: "company", List: []string{"company", "city", "since"},
				Columns: map[string]data.ColumnConfig{"since": {Label: "Customer since"}, "score": {Hide: true}},
			},
		},
	}
	fmt.Println(tables.Validate())
	// Output: <nil>
}

// Validate names each field that is out of its bounds.
func ExampleConfig_Validate() {
	err := data.Config{BulkTimeout: -1}.Validate()
	for _, wrong := range config.Fields(err) {
		fmt.Println(wrong.Field)
	}
	// Output: BulkTimeout
}

// A program that has more secrets than the names say adds to DefaultMasked.
func ExampleDefaultMasked() {
	masked := func(table string, c data.Column) bool {
		return data.DefaultMasked(table, c) || table == "patients" && c.Kind == data.KindLongText
	}
	for _, c := range []data.Column{
		{Name: "password_hash", Kind: data.KindText},
		{Name: "diagnosis", Kind: data.KindLongText},
		{Name: "city", Kind: data.KindText},
	} {
		fmt.Println(c.Name, masked("patients", c))
	}
	// Output:
	// password_hash true
	// diagnosis true
	// city false
}

// Hooks of a table that no struct describes see its rows as values, and set fields.
func ExampleHooks() {
	hooks := data.Hooks{
		BeforeInsert: func(_ context.Context, _ data.Tx, row data.Values) (map[string]data.Field, error) {
			name, _ := row["name"].(string)
			if name == "" {
				return nil, &data.FieldError{Field: "name", Message: "is required"}
			}
			return map[string]data.Field{"slug": {Text: strings.ToLower(strings.ReplaceAll(name, " ", "-"))}}, nil
		},
	}
	set, err := hooks.BeforeInsert(context.Background(), nil, data.Values{"name": "Blue Chair"})
	fmt.Println(set["slug"].Text, err)

	_, err = hooks.BeforeInsert(context.Background(), nil, data.Values{})
	if wrong, ok := errors.AsType[*data.FieldError](err); ok {
		fmt.Println(wrong)
	}
	// Output:
	// blue-chair <nil>
	// name: is required
}
