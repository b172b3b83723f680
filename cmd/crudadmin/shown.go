package main

// This file holds the flags that say which tables and columns are shown to whom.

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/go-crudadmin/crudadmin/cmd/crudadmin/internal/connect"
	"github.com/go-crudadmin/crudadmin/internal/data"
)

// shownFlags are the flags of every command that reads the application's tables. A tag says the
// field of the configuration that a flag becomes, if it has another name.
type shownFlags struct {
	Show   string `placeholder:"TABLES" variable:"SHOW_TABLES" help:"Show only these tables and views, separated by commas."`
	Hide   string `placeholder:"TABLES" variable:"HIDE_TABLES" help:"Hide these tables and views."`
	Mask   string `placeholder:"COLUMNS" variable:"MASK_COLUMNS" help:"Never show what these columns hold: table.column, * for every table or column."`
	Unmask string `placeholder:"COLUMNS" variable:"UNMASK_COLUMNS" field:"Unmasked" help:"Show what these columns hold, whatever their names."`
	Rights string `placeholder:"FILE" variable:"RIGHTS_FILE" help:"A YAML file that says what each role may do with each table."`
}

// openData opens the data as the settings show it. wrong are the names in them that the database
// does not have; the data is then all that there is.
func openData(ctx context.Context, db *sql.DB, s settings) (source *data.Source, wrong []string, err error) {
	source, err = data.Open(ctx, db, s.Tables)
	if names, ok := errors.AsType[data.NameErrors](err); ok {
		wrong = underFlags(s, names)
		source, err = data.Open(ctx, db, data.Config{})
	}
	if err == nil {
		wrong = append(wrong, underFlags(s, source.Schema().Unshown("Rights", maps.Keys(s.Rights)))...)
	}
	return source, wrong, err
}

// withWrongNames adds to what is wrong with the settings the names in them that the database does
// not have, so that all are told at once. Other errors stay as they are.
func withWrongNames(ctx context.Context, shown connect.Address, s settings, err error) error {
	usage, ok := errors.AsType[*usageError](err)
	if !ok {
		return err
	}
	db, openErr := shown.Shown(ctx, true)
	if openErr != nil {
		return err // the first thing to mend
	}
	defer func() { _ = db.Close() }() // it was only read
	_, wrong, openErr := openData(ctx, db, s)
	if openErr != nil || len(wrong) == 0 {
		return err
	}
	return &usageError{fmt.Errorf("%w\n  %s", usage.err, strings.Join(wrong, "\n  ")), usage.hint}
}

// wrongNames names the flags where the database does not have what they name; other errors stay as
// they are.
func wrongNames(s settings, err error) error {
	names, ok := errors.AsType[data.NameErrors](err)
	if !ok {
		return err
	}
	return &usageError{errors.New(strings.Join(underFlags(s, names), "\n  ")), variablesHint}
}

// underFlags says of each name which flag has it.
func underFlags(s settings, names data.NameErrors) []string {
	var lines []string
	for _, name := range names {
		for _, flag := range reflect.VisibleFields(reflect.TypeFor[shownFlags]()) {
			if cmp.Or(flag.Tag.Get("field"), flag.Name) != name.Field {
				continue
			}
			where := "--" + strings.ToLower(flag.Name) + " (" + flag.Tag.Get("variable") + ")"
			if line := s.RightsLines[name.Name]; name.Field == "Rights" && line > 0 {
				where += fmt.Sprintf(", line %d", line)
			}
			lines = append(lines, fmt.Sprintf("%s: %q %s", where, name.Name, name.What))
		}
	}
	return lines
}
