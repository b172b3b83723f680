package data

// This file holds how single tables are shown and written: what Options.Tables says of them.

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// TableOptions says how one table is shown and written. The zero value leaves everything as the schema has it.
type TableOptions struct {
	// Label is what people call the table. Default: its name.
	Label string
	// Display names the column that names a row to people. Default: chosen by the columns' names.
	Display string
	// List names the columns of a page whose query chooses none. Default: all, up to MaxColumns.
	List []string
	// Search names the columns that Query.Search looks into. Default: those that Column.Searchable and the key make.
	Search []string
	// Columns says more of single columns, by name.
	Columns map[string]ColumnOptions
	// Hooks run in the transactions that write the table.
	Hooks Hooks `json:"-"`
}

// ColumnOptions says how one column is shown.
type ColumnOptions struct {
	// Label is what people call the column. Default: its name.
	Label string
	// Help says how to fill it in.
	Help string
	// Hide keeps the column from being read, filtered, sorted, searched, exported and written. A column of the key
	// cannot be hidden.
	Hide bool
	// Mask makes the column a secret, whatever Options.Masked says.
	Mask bool
}

// With returns a source over the same database, as this one read it last, that shows it by other options. It asks the
// database nothing. Names in opts that the database does not have are errors.
func (s *Source) With(opts Options) (*Source, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s.refresh.Lock()
	defer s.refresh.Unlock()
	other := &Source{db: s.db, dialect: s.dialect, opts: opts, shares: s.shares, read: s.read}
	schema := s.read.clone()
	if err := schema.finish(opts); err != nil {
		return nil, err
	}
	other.schema.Store(schema)
	return other, nil
}

// clone copies what finish changes.
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

// apply sets what the options say of their tables, before anything is derived from it. Every wrong name is reported in
// one error.
func (o Options) apply(tables []*Table) error {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(o.Tables)) {
		i := slices.IndexFunc(tables, func(t *Table) bool { return t.Name == name })
		if i < 0 {
			wrong = append(wrong, fmt.Sprintf("Tables names %q, which the database does not have", name))
			continue
		}
		for _, problem := range o.Tables[name].apply(tables[i]) {
			wrong = append(wrong, fmt.Sprintf("Tables[%q].%s", name, problem))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("data: %s", strings.Join(wrong, "; "))
	}
	return nil
}

// conceal hides and masks the columns that the options of their tables say.
func (o Options) conceal(tables []*Table) {
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

func (o TableOptions) apply(t *Table) (wrong []string) {
	t.Label, t.Display, t.listed, t.hooks = o.Label, o.Display, o.List, o.Hooks
	for _, name := range slices.Sorted(maps.Keys(o.Columns)) {
		c, ok := t.Column(name)
		if !ok {
			wrong = append(wrong, fmt.Sprintf("Columns names %q, which is no column of it", name))
			continue
		}
		more := o.Columns[name]
		c.Label, c.Help = more.Label, more.Help
	}
	for _, list := range []struct {
		field string
		names []string
		fit   func(*Column) bool
		want  string
	}{
		{"List", o.List, (*Column).Readable, "which is no column that is shown"},
		{"Search", o.Search, t.canSearch, "which is no column of text, UUIDs or the key that is shown"},
		{"Display", slices.DeleteFunc([]string{o.Display}, func(s string) bool { return s == "" }), (*Column).Sortable, "which is no column that is shown"},
	} {
		for _, name := range list.names {
			if c, ok := t.Column(name); !ok || !list.fit(c) {
				wrong = append(wrong, fmt.Sprintf("%s names %q, %s", list.field, name, list.want))
			}
		}
	}
	if len(o.Search) > 0 {
		for _, c := range t.Columns {
			c.unsearched = !slices.Contains(o.Search, c.Name)
		}
	}
	return wrong
}

// canSearch says whether Query.Search can look into the column at all.
func (t *Table) canSearch(c *Column) bool {
	return c.Searchable() || t.exactSearch(c)
}

// exactSearch says whether Query.Search matches the column as a whole: UUIDs, and numbers of the key.
func (t *Table) exactSearch(c *Column) bool {
	inKey := c.PrimaryKey > 0 || slices.Contains(t.Identity.Columns, c.Name)
	return c.Sortable() && !c.unsearched && (c.Kind == KindUUID || c.Kind == KindInteger && inKey)
}

// Listed says whether a page whose query chooses no columns has the column.
func (t *Table) Listed(c *Column) bool { return slices.Contains(t.listColumns(nil), c) }
