package main

// This file holds the flags that say which tables and columns are shown to whom.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// shownFlags are the flags of every command that reads the application's tables.
type shownFlags struct {
	Show   string `placeholder:"TABLES" variable:"SHOW_TABLES" help:"Show only these tables and views, separated by commas."`
	Hide   string `placeholder:"TABLES" variable:"HIDE_TABLES" help:"Hide these tables and views."`
	Mask   string `placeholder:"COLUMNS" variable:"MASK_COLUMNS" help:"Never show what these columns hold: table.column, * for every table or column."`
	Unmask string `placeholder:"COLUMNS" variable:"UNMASK_COLUMNS" help:"Show what these columns hold, whatever their names."`
	Rights string `placeholder:"FILE" variable:"RIGHTS_FILE" help:"A YAML file that says what each role may do with each table."`
}

// shownNames are the flags with their variables, and the fields of the configuration that they become.
var shownNames = []struct {
	flag, variable, field string
	value                 func(shownFlags) string
}{
	{"--show", "SHOW_TABLES", "Show", func(f shownFlags) string { return f.Show }},
	{"--hide", "HIDE_TABLES", "Hide", func(f shownFlags) string { return f.Hide }},
	{"--mask", "MASK_COLUMNS", "Mask", func(f shownFlags) string { return f.Mask }},
	{"--unmask", "UNMASK_COLUMNS", "Unmasked", func(f shownFlags) string { return f.Unmask }},
	{"--rights", "RIGHTS_FILE", "Rights", func(f shownFlags) string { return f.Rights }},
}

func (f shownFlags) variable(name string) string {
	for _, one := range shownNames {
		if one.variable == name {
			return one.value(f)
		}
	}
	return ""
}

// openData opens the data as the settings show it. wrong are the names in them that the database does not have; the data
// is then all that there is.
func openData(ctx context.Context, db *sql.DB, s settings) (source *data.Source, wrong []string, err error) {
	source, err = data.Open(ctx, db, s.Tables)
	if names, ok := errors.AsType[data.NameErrors](err); ok {
		wrong = underFlags(s, names)
		source, err = data.Open(ctx, db, data.Config{})
	}
	if err == nil {
		wrong = append(wrong, underFlags(s, frame.WrongRights(source.Schema(), s.Rights))...)
	}
	return source, wrong, err
}

// withWrongNames adds to what is wrong with the settings the names in them that the database does not have, so that
// all are told at once. Other errors stay as they are.
func withWrongNames(ctx context.Context, path string, s *server, err error) error {
	usage, ok := errors.AsType[*usageError](err)
	if !ok {
		return err
	}
	db, openErr := sqlite.OpenData(ctx, path, true)
	if openErr != nil {
		return err // the first thing to mend
	}
	defer func() { _ = db.Close() }() // it was only read
	_, wrong, openErr := openData(ctx, db, s.settings)
	if openErr != nil || len(wrong) == 0 {
		return err
	}
	return &usageError{fmt.Errorf("%w\n  %s", usage.err, strings.Join(wrong, "\n  ")), usage.hint}
}

// wrongNames names the flags where the database does not have what they name; other errors stay as they are.
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
		for _, one := range shownNames {
			if one.field != name.Field {
				continue
			}
			where := one.flag + " (" + one.variable + ")"
			if line := s.RightsLines[name.Name]; name.Field == "Rights" && line > 0 {
				where += fmt.Sprintf(", line %d", line)
			}
			lines = append(lines, fmt.Sprintf("%s: %q %s", where, name.Name, name.What))
		}
	}
	return lines
}
