// Examples of a configuration, as a program writes it.

package data_test

import (
	"fmt"

	"github.com/go-crudadmin/crudadmin/data"
)

// A program masks more columns than those whose names speak of a secret.
func ExampleDefaultMasked() {
	cfg := data.Config{Masked: func(table string, c data.Column) bool {
		return c.Name == "diagnosis" || data.DefaultMasked(table, c)
	}}
	for _, name := range []string{"name", "diagnosis", "api_token"} {
		fmt.Println(name, cfg.Masked("patients", data.Column{Name: name, Kind: data.KindText}))
	}
	// Output:
	// name false
	// diagnosis true
	// api_token true
}
