package data

// This file finds join tables, and reads and sets what they link.

// ManyToMany is a join table as one of its two sides sees it: a table of two foreign keys that are unique together,
// whose other columns have defaults or are made by the engine.
type ManyToMany struct {
	Name string      // the join table's name, or that and the columns of To where it is taken
	From *ForeignKey // from the join table to this side
	To   *ForeignKey // from the join table to the other side
}

// Join is the join table's name.
func (m *ManyToMany) Join() string { return m.From.Table }

// Target is the name of the table whose records are linked.
func (m *ManyToMany) Target() string { return m.To.RefTable }

// Links are the records one ManyToMany links to a record.
type Links struct {
	Relation *ManyToMany
	Choices  []Choice // Value is the linked record's key
	More     bool     // there are more than MaxLinks: they cannot be set
}
