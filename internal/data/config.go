// This file applies a Config to the schema as the database has it: which tables and columns are
// shown, and how.

package data

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	public "github.com/go-crudadmin/crudadmin/data"
)

// Guard is what the panel asks before a write, for the person who writes.
type Guard struct {
	// Reach, if set, decides what a write may change besides its own rows: it is asked about each
	// Reached before anything is written. Its error stops the write and is returned as it is.
	Reach func(Reached) error
	// Refer, if set, is asked about each table that is not shown and to which a written reference
	// leads. Where it says no, the reference takes only values that rows of the written table have
	// already, so that nobody can find out by trying which keys the hidden table has.
	Refer func(table string) bool
	// Observer, if set, is told what writes change.
	Observer *Observer
}

// settings are a Config with its defaults, its Guard, and the names in it as they were read.
type settings struct {
	Config
	Guard
	byName         bool // Masked is DefaultMasked
	masks, unmasks []columnPattern
}

func newSettings(cfg Config, guard Guard) settings {
	cfg.QueryTimeout = cmp.Or(cfg.QueryTimeout, public.DefaultQueryTimeout)
	cfg.BulkTimeout = cmp.Or(cfg.BulkTimeout, public.DefaultBulkTimeout)
	byName := cfg.Masked == nil
	if byName {
		cfg.Masked = public.DefaultMasked
	}
	return settings{Config: cfg, Guard: guard, byName: byName}
}

// With returns a source over the same database, as this one read it last, that shows it by another
// Config. It asks the database nothing. Names in cfg that the database does not have are
// NameErrors.
func (s *Source) With(cfg Config, guard Guard) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s.refresh.Lock()
	defer s.refresh.Unlock()
	other := &Source{db: s.db, reads: s.reads, pool: s.pool, dialect: s.dialect, config: newSettings(cfg, guard), shares: s.shares, read: s.read}
	schema := s.read.clone()
	if err := schema.finish(other.config); err != nil {
		return nil, err
	}
	other.schema.Store(schema)
	return other, nil
}

// clone copies the parts of a schema that finish changes.
func (s *Schema) clone() *Schema {
	out := &Schema{Engine: s.Engine, Version: s.Version}
	for _, t := range s.Tables {
		table := *t
		table.Columns, table.ForeignKeys = nil, nil
		for _, c := range t.Columns {
			column := *c
			table.Columns = append(table.Columns, &column)
		}
		for _, fk := range t.ForeignKeys {
			key := *fk
			key.Columns, key.RefColumns = slices.Clone(fk.Columns), slices.Clone(fk.RefColumns)
			table.ForeignKeys = append(table.ForeignKeys, &key)
		}
		out.Tables = append(out.Tables, &table)
	}
	return out
}

// apply sets what the configurations of single tables say, before the rest of the schema is derived
// from it.
func (o settings) apply(tables []*Table) (wrong NameErrors) {
	for _, name := range slices.Sorted(maps.Keys(o.Tables)) {
		i := slices.IndexFunc(tables, func(t *Table) bool { return t.Name == name })
		if i < 0 {
			wrong = append(wrong, &NameError{Field: "Tables", Name: name, What: "is not a table of the database"})
			continue
		}
		wrong = append(wrong, applyTable(o.Tables[name], tables[i])...)
	}
	return wrong
}

// conceal hides and masks the columns that the configurations of their tables hide and mask.
func (o settings) conceal(tables []*Table) {
	for _, t := range tables {
		for name, more := range o.Tables[t.Name].Columns {
			c, ok := t.Column(name)
			if !ok {
				continue // apply says so
			}
			if more.Hide && c.PrimaryKey == 0 {
				c.Hidden, c.unshown = true, true
			}
			c.Masked = c.Masked || more.Mask
		}
	}
}

// applyTable sets what the configuration of one table says of it.
func applyTable(cfg TableConfig, t *Table) (wrong NameErrors) {
	note := func(field, name, what string) {
		wrong = append(wrong, &NameError{Field: fmt.Sprintf("Tables[%q].%s", t.Name, field), Name: name, What: what})
	}
	t.Label, t.Display, t.listed, t.hooks = cfg.Label, cfg.Display, cfg.List, cfg.Hooks
	for _, name := range slices.Sorted(maps.Keys(cfg.Columns)) {
		c, ok := t.Column(name)
		if !ok {
			note("Columns", name, "is not a column of the table")
			continue
		}
		c.Label, c.Help = cfg.Columns[name].Label, cfg.Columns[name].Help
	}
	check := func(field string, names []string, fit func(*Column) bool, what string) {
		for _, name := range names {
			if c, ok := t.Column(name); !ok || !fit(c) {
				note(field, name, what)
			}
		}
	}
	check("List", cfg.List, (*Column).Readable, "is not a column that is shown")
	check("Search", cfg.Search, t.canSearch, "is not a column of text, of UUIDs or of the key that is shown")
	if cfg.Display != "" {
		check("Display", []string{cfg.Display}, (*Column).Sortable, "is not a column that is shown")
	}
	if len(cfg.Search) > 0 {
		for _, c := range t.Columns {
			c.unsearched = !slices.Contains(cfg.Search, c.Name)
		}
	}
	return wrong
}

// unknownTables are the names in Show and Hide that no table has.
func (o settings) unknownTables(tables []*Table) (wrong NameErrors) {
	for _, list := range []struct {
		field string
		names []string
	}{{"Show", o.Show}, {"Hide", o.Hide}} {
		for _, name := range list.names {
			if name != "*" && !slices.ContainsFunc(tables, func(t *Table) bool { return t.Name == name }) {
				wrong = append(wrong, &NameError{Field: list.field, Name: name, What: "is not a table of the database"})
			}
		}
	}
	return wrong
}

// choose applies Show and Hide.
func (o settings) choose(all []*Table) []*Table {
	tables := slices.Clone(all)
	return slices.DeleteFunc(tables, func(t *Table) bool {
		shown := !t.system && (len(o.Show) == 0 || slices.Contains(o.Show, "*")) || slices.Contains(o.Show, t.Name)
		return !shown || listed(o.Hide, t) || t.View && !slices.Contains(o.Show, t.Name) && o.readsHidden(all, t, map[*Table]bool{})
	})
}

// readsHidden says whether the text of a view names a hidden table, or a view that does.
func (o settings) readsHidden(tables []*Table, view *Table, seen map[*Table]bool) bool {
	if len(o.Hide) == 0 || seen[view] {
		return false
	}
	seen[view] = true
	names := readView(view).names
	return slices.ContainsFunc(tables, func(t *Table) bool {
		return t != view && names[strings.ToLower(t.bareName())] && (listed(o.Hide, t) || t.View && o.readsHidden(tables, t, seen))
	})
}
