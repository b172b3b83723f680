package data

// This file says which columns Query.Search looks into.

import "slices"

// canSearch says whether Query.Search can look into the column at all.
func (t *Table) canSearch(c *Column) bool {
	return c.Searchable() || t.exactSearch(c)
}

// exactSearch says whether Query.Search matches the column as a whole: UUIDs, and numbers of the key.
func (t *Table) exactSearch(c *Column) bool {
	inKey := c.PrimaryKey > 0 || slices.Contains(t.Identity.Columns, c.Name)
	return c.Sortable() && !c.unsearched && (c.Kind == KindUUID || c.Kind == KindInteger && inKey)
}
