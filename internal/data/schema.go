// This file holds the schema: tables, columns, keys, references and what follows from them.

package data

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Schema is the tables and views that are shown, sorted by name.
type Schema struct {
	Engine  string // "SQLite", "PostgreSQL", "MySQL", "MariaDB"
	Version string
	Tables  []*Table

	all []*Table // the ones not shown too
}

// Table is a table or view.
type Table struct {
	Name        string
	Label       string // what people call it; empty: its name
	View        bool
	Virtual     bool
	Strict      bool          // the engine enforces the declared types
	Columns     []*Column     // in the table's order
	PrimaryKey  []string      // in key order; empty if there is none
	UniqueKeys  []UniqueKey   // unique constraints and full unique indexes, without the primary key
	Indexes     []Index       // without partial ones
	ForeignKeys []*ForeignKey // from this table
	References  []*ForeignKey // to this table, from tables that are shown
	Identity    Identity
	Display     string        // the column that names a row to people; empty if only the key can
	ManyToMany  []*ManyToMany // through join tables that are shown
	ReadOnly    string        // why its rows cannot be written; empty if they can
	Estimate    int64         // rows when the schema was read, approximately; -1 if unknown
	Problem     string        // why the table cannot be read; empty if it can

	listed []string // the columns of a page that chooses none; empty: all
	hooks  Hooks

	triggers   []trigger
	lacks      map[Operation]text.Message // why writes cannot even be compiled
	checks     []check
	referenced []*ForeignKey // to this table from any, shown and usable or not

	ddl      string // SQLite: the statement that made it
	replaces bool   // a constraint is ON CONFLICT REPLACE: writing a row may delete others

	system bool   // the engine's, an extension's or ours: hidden unless shown by name
	rowid  string // SQLite: the name under which the row id can be read; empty if there is none

	rules        map[string][]string // the columns of unique and exclusion constraints, by their names
	parts        map[[2]string]bool  // the schemas and names of its partitions
	repeats      bool                // PostgreSQL: tables that inherit from it may have its keys again
	schema, bare string              // where a table is in a schema: what the engine calls both

	shadowOf string // SQLite: the virtual table whose content this one holds; empty for other tables
}

// Column is a column of a table.
type Column struct {
	Name       string
	Label      string // what people call it; empty: its name
	Help       string // how to fill it in
	Type       string // as declared
	Kind       Kind
	MaxLength  int    // characters, as declared or by a CHECK; 0 if not
	Precision  int    // DECIMAL(p, s): all digits; 0 if not declared
	Scale      int    // DECIMAL(p, s): digits after the point, if Precision is set
	Min, Max   string // the numbers that a CHECK (column >= number …) bounds the column by; empty if none does
	Nullable   bool
	HasDefault bool
	Default    string   // the expression as written
	Assigned   bool     // the engine makes up a value where an insert gives none or NULL
	Enum       []string // the values a CHECK (column IN (…)) allows
	PrimaryKey int      // 1-based place in the primary key; 0 if not in it
	Generated  bool
	Hidden     bool   // a virtual table's hidden column, or not shown: never read
	Masked     bool   // a secret: never read, filtered, sorted or searched
	Indexed    bool   // sorting by it uses an index
	Problem    string // why it cannot be read; empty if it can

	withheld   []Operation // writes that may not set it, for the lack of a right of the database's user
	unshown    bool        // Hidden by the options: hooks read and set it
	veiled     string      // why it is masked, if not by its own name or the options
	refers     bool        // part of a foreign key to columns that exist
	reads      []string    // the columns of its table that a generated column is computed from
	unsearched bool        // not looked into by Query.Search, by the options

	alone bool // no two rows have the same value, nor NULL: what an order has after it changes nothing

	native native // the engine's type; nil where every value has a type of its own, as in SQLite

	held     *held  // what its values are like; nil if its type says it
	truth    *bool  // what a boolean's default says; nil if there is none that is known
	numbers  bool   // Enum was written as numbers
	compares string // what the engine compares its values by; "?" if that is not known
	affinity string // SQLite
	binary   bool   // SQLite: its collation is unknown to the connection, compare as bytes
}

// Readable says whether the column can be shown at all. A masked column can: as set or NULL.
func (c *Column) Readable() bool { return !c.Hidden && c.Problem == "" }

// DefaultTruth says what the default of a boolean column is: false where there is none. It is not
// known where the default is neither true nor false, and where a function computes it.
func (c *Column) DefaultTruth() (truth, known bool) {
	if c.truth == nil {
		return false, !c.HasDefault
	}
	return *c.truth, true
}

// HoldsText reports whether the empty text is a value of the column and not NULL.
func (c *Column) HoldsText() bool {
	switch c.Kind {
	case KindText, KindLongText, KindEnum, KindAny:
		return true
	}
	return c.HoldsTexts()
}

// Sortable says whether a Query may sort by the column.
func (c *Column) Sortable() bool { return c.Readable() && !c.Masked }

// Searchable says whether Query.Search looks into the column.
func (c *Column) Searchable() bool {
	texts := slices.Contains([]Kind{KindText, KindLongText, KindEnum, KindAny}, c.Kind) || c.Kind == KindBlob && c.holds().has(classOddText)
	return c.Sortable() && !c.unsearched && texts
}

// Identity tells a row from others: by Columns, or by SQLite's row id. A table with neither has no
// records, only lists.
type Identity struct {
	Columns []string
	RowID   bool
}

// Addressable says whether rows have keys.
func (i Identity) Addressable() bool { return i.RowID || len(i.Columns) > 0 }

// UniqueKey is a set of columns the engine keeps unique.
type UniqueKey struct {
	Name    string
	Columns []string
	NotNull bool // no column of it is nullable
}

// Action is the referential action of the SQL standard: what becomes of the rows that refer to a
// row when it is deleted, or its key changes.
type Action string

// The referential actions.
const (
	Cascade    Action = "CASCADE"
	SetNull    Action = "SET NULL"
	SetDefault Action = "SET DEFAULT"
	Restrict   Action = "RESTRICT"
	NoAction   Action = "NO ACTION" // restrict, at the end of the statement or the transaction
)

// newUniqueKey is the key of columns that a unique index has.
func newUniqueKey(name string, columns []*Column) UniqueKey {
	nullable := slices.ContainsFunc(columns, func(c *Column) bool { return c.Nullable })
	return UniqueKey{Name: name, Columns: names(columns), NotNull: !nullable}
}

// setPrimaryKey makes columns the primary key.
func (t *Table) setPrimaryKey(columns []*Column) {
	t.PrimaryKey = names(columns)
	for i, c := range columns {
		c.PrimaryKey = i + 1
	}
}

// rule notes the columns of a unique or an exclusion constraint.
func (t *Table) rule(name string, columns []string) {
	if t.rules == nil {
		t.rules = map[string][]string{}
	}
	t.rules[name] = columns
}

// notOwn says whether a table by its name belongs to the panel, or to a tool for migrations, and
// not to the application.
func notOwn(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "crudadmin_") || name == "goose_db_version"
}

// check is a CHECK constraint.
type check struct {
	name       string // empty if it has none
	expression string
	columns    []string // that it reads
}

// Index is an index on whole columns; an expression in it is an empty name.
type Index struct {
	Name    string
	Columns []string
	Unique  bool
}

// ForeignKey says that Columns of Table hold RefColumns of RefTable.
type ForeignKey struct {
	Table      string
	Columns    []string
	RefTable   string
	RefColumns []string
	OnDelete   Action
	OnUpdate   Action
	Usable     bool // RefTable is shown, RefColumns are unique there, and nothing of it is masked

	name   string    // of the constraint, on engines that name it in errors
	from   [2]string // the schema and the name of Table there
	parent *Table    // RefTable, if Usable
	direct bool      // the engine compares its columns with RefColumns as any values of these

	resolved bool // RefTable and RefColumns exist: the engine enforces it
	sound    bool // and they are unique together; else the engine refuses to check it
}

// All returns the names of all tables and views, also of those that are not shown.
func (s *Schema) All() []string {
	var all []string
	for _, t := range s.all {
		all = append(all, t.Name)
	}
	return all
}

// Table finds a table by its exact name.
func (s *Schema) Table(name string) (*Table, bool) {
	i, ok := slices.BinarySearchFunc(s.Tables, name, func(t *Table, name string) int { return cmp.Compare(t.Name, name) })
	if !ok {
		return nil, false
	}
	return s.Tables[i], true
}

// Column finds a column by its exact name.
func (t *Table) Column(name string) (*Column, bool) {
	i := slices.IndexFunc(t.Columns, func(c *Column) bool { return c.Name == name })
	if i < 0 {
		return nil, false
	}
	return t.Columns[i], true
}

// bareName is the table's name without its schema, as it stands in statements.
func (t *Table) bareName() string {
	if t.schema != "" {
		return t.bare
	}
	return t.Name
}

// columns maps names of existing columns to them.
func (t *Table) columns(names []string) []*Column {
	cols := make([]*Column, 0, len(names))
	for _, name := range names {
		if c, ok := t.Column(name); ok {
			cols = append(cols, c)
		}
	}
	return cols
}

// open says whether every named column exists and may be read.
func (t *Table) open(names []string) bool {
	cols := t.columns(names)
	return len(cols) == len(names) && !slices.ContainsFunc(cols, func(c *Column) bool { return !c.Sortable() })
}

// position is the columns that give a row a unique place in any order; nil if the row id does, or
// if there are none.
func (t *Table) position() []*Column {
	if t.rowid != "" || t.Identity.RowID {
		return nil
	}
	if cols := t.columns(t.Identity.Columns); !slices.ContainsFunc(cols, func(c *Column) bool { return c.Nullable }) {
		return cols
	}
	return nil
}

// handle finds a row again within a transaction: by the row id, else the primary key, else the
// identity; nil if nothing does. Unlike the identity it may hold secrets.
func (t *Table) handle() []term {
	if t.rowid != "" {
		return []term{{}}
	}
	names := t.PrimaryKey
	if len(names) == 0 {
		names = t.Identity.Columns
	}
	return termsOf(t.columns(names))
}

// finish derives the parts of a schema that do not depend on the engine: masks, identity,
// references, display columns.
func (s *Schema) finish(o settings) error {
	s.all = slices.SortedFunc(slices.Values(s.Tables), func(a, b *Table) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range s.all {
		for _, fk := range t.ForeignKeys {
			s.resolve(t, fk)
		}
	}
	wrong := append(o.unknownTables(s.all), o.patterns(s.all)...)
	for _, t := range s.all {
		for _, c := range t.Columns {
			c.Masked = o.masked(t, c) || o.Masked(t.Name, c.public()) && !o.unmasked(t, c)
		}
	}
	o.conceal(s.all)
	s.veil(o)
	if wrong = append(wrong, o.apply(s.all)...); len(wrong) > 0 {
		return wrong
	}
	for _, t := range s.all {
		t.Identity = t.identify()
	}
	s.Tables = o.choose(s.all)
	for _, t := range s.all {
		for _, fk := range t.ForeignKeys {
			s.link(t, fk)
		}
	}
	for _, t := range s.Tables {
		if t.Display == "" {
			t.Display = t.chooseDisplay()
		}
	}
	for _, t := range s.Tables {
		s.join(t)
	}
	return nil
}

// any finds a table, shown or not.
func (s *Schema) any(name string) (*Table, bool) {
	i, ok := slices.BinarySearchFunc(s.all, name, func(t *Table, name string) int { return cmp.Compare(t.Name, name) })
	if !ok {
		return nil, false
	}
	return s.all[i], true
}

// identify picks the primary key, else the row id, else a NOT NULL unique key. A key with a masked
// column is not used: it would put the secret into addresses.
func (t *Table) identify() Identity {
	if len(t.PrimaryKey) > 0 && t.open(t.PrimaryKey) {
		return Identity{Columns: t.PrimaryKey}
	}
	if t.rowid != "" {
		// A masked INTEGER PRIMARY KEY is the row id.
		if c, ok := t.Column(t.rowid); !ok || !c.Masked {
			return Identity{RowID: true}
		}
		t.rowid = ""
	}
	for _, u := range t.UniqueKeys {
		if u.NotNull && t.open(u.Columns) {
			return Identity{Columns: u.Columns}
		}
	}
	return Identity{}
}

// resolve finds the table and columns to which a foreign key refers. Their names in SQLite's
// foreign keys may differ in case; names that are equal come first.
func (s *Schema) resolve(t *Table, fk *ForeignKey) {
	i := slices.IndexFunc(s.all, func(other *Table) bool { return other.Name == fk.RefTable })
	if i < 0 {
		i = slices.IndexFunc(s.all, func(other *Table) bool { return strings.EqualFold(other.Name, fk.RefTable) })
	}
	if i < 0 {
		return
	}
	parent := s.all[i]
	fk.RefTable = parent.Name
	if len(fk.RefColumns) == 0 {
		fk.RefColumns = slices.Clone(parent.PrimaryKey)
	}
	fold := func(t *Table, names []string) {
		for i, name := range names {
			if _, exact := t.Column(name); exact {
				continue
			}
			for _, c := range t.Columns {
				if strings.EqualFold(c.Name, name) {
					names[i] = c.Name
				}
			}
		}
	}
	fold(t, fk.Columns)
	fold(parent, fk.RefColumns)
	if len(fk.RefColumns) != len(fk.Columns) || len(fk.Columns) == 0 ||
		len(t.columns(fk.Columns)) != len(fk.Columns) || len(parent.columns(fk.RefColumns)) != len(fk.RefColumns) {
		return
	}
	fk.resolved = true
	parent.referenced = append(parent.referenced, fk)
	for _, c := range t.columns(fk.Columns) {
		c.refers = true
	}
}

// link says whether a foreign key can be followed on pages.
func (s *Schema) link(t *Table, fk *ForeignKey) {
	parent, ok := s.any(fk.RefTable)
	if !ok || !fk.resolved {
		return
	}
	fk.sound = sameSet(fk.RefColumns, parent.PrimaryKey)
	for _, u := range parent.UniqueKeys {
		fk.sound = fk.sound || sameSet(fk.RefColumns, u.Columns)
	}
	fk.direct = true
	for i, c := range t.columns(fk.Columns) {
		to, _ := parent.Column(fk.RefColumns[i])
		fk.direct = fk.direct && c.compares == to.compares && c.compares != "?"
	}
	if parent, ok = s.Table(fk.RefTable); !ok {
		return
	}
	fk.parent = parent
	fk.Usable = fk.sound && parent.Problem == "" && t.Problem == "" && t.open(fk.Columns) && parent.open(fk.RefColumns)
	if _, ok := s.Table(t.Name); ok && fk.Usable {
		parent.References = append(parent.References, fk)
	}
}

func sameSet(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(name string) bool { return !slices.Contains(b, name) })
}

// displayNames are column names that name a row, best first.
var displayNames = []string{"name", "title", "label", "display_name", "displayname", "full_name", "fullname", "username",
	"user_name", "login", "email", "subject", "slug", "code", "sku", "number"}

func (t *Table) chooseDisplay() string {
	suits := func(c *Column) bool {
		return c.Sortable() && (c.Kind == KindText || c.Kind == KindLongText || c.Kind == KindAny || c.HoldsTexts())
	}
	for _, want := range displayNames {
		for _, c := range t.Columns {
			if suits(c) && strings.EqualFold(c.Name, want) {
				return c.Name
			}
		}
	}
	for _, c := range t.Columns {
		if suits(c) && strings.HasSuffix(strings.ToLower(c.Name), "name") {
			return c.Name
		}
	}
	for _, c := range t.Columns {
		refers := slices.ContainsFunc(t.ForeignKeys, func(fk *ForeignKey) bool { return slices.Contains(fk.Columns, c.Name) })
		if c.Sortable() && (c.Kind == KindText || c.HoldsTexts()) && !refers {
			return c.Name
		}
	}
	return ""
}
