// Menu: the tables that a visitor may view, as the menu and the dashboard have them.

package frame

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
)

// A MenuGroup is tables under one heading.
type MenuGroup struct {
	Label  text.Message
	Tables []*data.Table
}

// Menu is the tables that the visitor may view, as the menu and the dashboard
// have them.
func (v *Visit) Menu() []MenuGroup {
	var groups []MenuGroup
	add := func(label text.Message, t *data.Table) {
		i := slices.IndexFunc(groups, func(g MenuGroup) bool { return g.Label.String() == label.String() })
		if i < 0 {
			i = len(groups)
			groups = append(groups, MenuGroup{Label: label})
		}
		groups[i].Tables = append(groups[i].Tables, t)
	}
	tables := slices.Clone(v.Data.Schema().Tables)
	if len(v.frame.views) > 0 {
		slices.SortStableFunc(tables, v.frame.menuOrder)
	}
	for _, views := range []bool{false, true} {
		for _, t := range tables {
			said := v.frame.View(t)
			switch {
			case said.OffMenu || t.View != views:
			case said.Group != "":
				add(text.Verbatim(said.Group), t)
			case t.View:
				add(text.Views, t)
			default:
				add(text.Tables, t)
			}
		}
	}
	return groups
}

// menuOrder puts registered tables first, by their order and label.
func (f *Frame) menuOrder(a, b *data.Table) int {
	one, other := f.View(a), f.View(b)
	switch {
	case !one.Declared() && !other.Declared():
		return 0
	case !one.Declared():
		return 1
	case !other.Declared():
		return -1
	}
	return cmp.Or(cmp.Compare(one.Order, other.Order), strings.Compare(TableLabel(a), TableLabel(b)))
}
