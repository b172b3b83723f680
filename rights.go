// Rights: what each role may do with each table, decided here and nowhere else.

package crudadmin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/typed"
)

// Right is something that can be done with the records of a table.
type Right string

// The rights. All others need RightView: what a role may not view it is not
// shown anywhere, not as a choice, a related record or the label of a reference.
const (
	RightView   Right = "view"   // lists, counts, searches, records, files, choices
	RightExport Right = "export" // of what is viewed
	RightCreate Right = "create"
	RightUpdate Right = "update"
	RightDelete Right = "delete"
	RightBulk   Right = "bulk" // many records at once, with the right to what is done with them; the table's own actions
)

// AllRights are the rights that there are.
func AllRights() []Right {
	return []Right{RightView, RightExport, RightCreate, RightUpdate, RightDelete, RightBulk}
}

// Rights are the rights of each role in one table. Where a table has Rights, a
// role that is not in them may do nothing, but superusers, who may do everything
// unless they are in them. Where it has none, viewers may view and export, and
// editors and superusers do everything.
type Rights map[account.Role][]Right

// rightsOf are the rights of a role in a table, before anything takes some away.
func (r Rights) of(role account.Role) []Right {
	given, named := r[role]
	switch {
	case named:
		return given
	case role == account.Superuser, r == nil && role == account.Editor:
		return AllRights()
	case r == nil && role == account.Viewer:
		return []Right{RightView, RightExport}
	}
	return nil
}

// validate says what is wrong with the rights.
func (r Rights) validate() error {
	var errs []error
	for _, role := range slices.Sorted(maps.Keys(r)) {
		if !role.Valid() {
			errs = append(errs, fmt.Errorf("%q is no role: want superuser, editor or viewer", role))
		}
		if err := validRights(r[role]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", role, err))
		}
	}
	return errors.Join(errs...)
}

func validRights(rights []Right) error {
	for _, right := range rights {
		if !slices.Contains(AllRights(), right) {
			return fmt.Errorf("%q is no right: want %s", right, strings.Join(texts(AllRights()), ", "))
		}
	}
	if len(rights) > 0 && !slices.Contains(rights, RightView) {
		return fmt.Errorf("%s without %s: nothing can be done with what is not seen", strings.Join(texts(rights), ", "), RightView)
	}
	return nil
}

func texts(rights []Right) []string {
	var all []string
	for _, right := range rights {
		all = append(all, string(right))
	}
	return all
}

// refusal says why a role may not do something with a table; nil if it may. It
// is the one place where that is decided. Lists, counts, searches, choices,
// related records, exports, forms, bulk actions, menu and dashboard ask it, or
// read from a source that shows only what it allows to view.
func (p *Panel) refusal(role account.Role, t *data.Table, asked Right) error {
	refuse := func(why string) error { return &statusError{status: http.StatusForbidden, detail: why} }
	writing := asked != RightView && asked != RightExport
	has := p.rightsOf(t.Name).of(role)
	allowed := p.offered[t.Name]
	switch {
	case writing && p.cfg.ReadOnly:
		return refuse("This panel is read-only.")
	case writing && t.ReadOnly != "":
		return refuse("This table cannot be written: " + t.ReadOnly + ".")
	case len(allowed) > 0 && !slices.Contains(allowed, asked):
		return refuse("This panel does not offer to " + verbs[asked] + " of this table.")
	case !slices.Contains(has, RightView), !slices.Contains(has, asked):
		return refuse("Your role may not " + verbs[asked] + " of this table.")
	}
	switch asked {
	case RightDelete:
		return p.mayReachAll(role, p.whole.Schema().Deleting(t.Name))
	case RightCreate:
		return p.mayReachAll(role, p.whole.Schema().Inserting(t.Name))
	}
	return nil
}

func (p *Panel) rightsOf(table string) Rights {
	if said, ok := p.rights[table]; ok {
		return said
	}
	if named, ok := p.cfg.Rights[table]; ok {
		return named
	}
	return p.cfg.Rights[everyTable]
}

var verbs = map[Right]string{
	RightView: "look at the records", RightExport: "export the records", RightCreate: "make records",
	RightUpdate: "change records", RightDelete: "delete records", RightBulk: "change many records at once",
}

// may reports whether the visitor has all the rights in the table.
func (p *Panel) may(r *http.Request, t *data.Table, asked ...Right) bool {
	role := visitor(r).Role
	return !slices.ContainsFunc(asked, func(right Right) bool { return p.refusal(role, t, right) != nil })
}

// permit decides who may ask for an address: by role, and in a table by rights.
func (p *Panel) permit(r *http.Request, asked access) error {
	role := visitor(r).Role
	if asked == superuser && role != account.Superuser {
		return &statusError{status: http.StatusForbidden, detail: "This page is for superusers."}
	}
	needed := asked.rights()
	if len(needed) == 0 {
		return nil
	}
	t, err := p.requestTable(r)
	if err != nil {
		return err
	}
	for _, right := range needed {
		if err := p.refusal(role, t, right); err != nil {
			return err
		}
	}
	return nil
}

// nobody is the role of who has none.
const nobody account.Role = ""

// show makes the sources: for each role one that shows only the tables that the
// role may view, so that nothing else is reached by it. Roles that see the same
// share one.
func (p *Panel) show() error {
	whole, err := p.source.With(p.dataOptions(func(*typed.View) bool { return true }))
	if err != nil {
		return err
	}
	p.whole = whole
	sources := map[account.Role]data.DataSource{}
	same := map[string]data.DataSource{}
	for _, role := range []account.Role{account.Superuser, account.Editor, account.Viewer, nobody} {
		var hidden, unchanged []string
		for _, t := range whole.Schema().Tables {
			if p.refusal(role, t, RightView) != nil {
				hidden = append(hidden, t.Name)
			} else if p.refusal(role, t, RightUpdate) != nil {
				unchanged = append(unchanged, t.Name)
			}
		}
		var reach data.Options
		name := fmt.Sprintf("%q %q %s", hidden, unchanged, p.reaching(role, &reach))
		if same[name] == nil {
			opts := p.dataOptions(func(v *typed.View) bool { return !slices.Contains(unchanged, v.Table.Name) })
			opts.Hide = slices.Concat(opts.Hide, hidden)
			opts.Reach, opts.Refer = reach.Reach, reach.Refer
			if same[name], err = p.source.With(opts); err != nil {
				return err
			}
		}
		sources[role] = same[name]
	}
	p.sources = sources
	return nil
}

// dataOptions are the options of the data with what the views say to who may
// change the records of a table, or may not.
func (p *Panel) dataOptions(changes func(*typed.View) bool) data.Options {
	opts := p.cfg.Tables
	opts.Tables = maps.Clone(opts.Tables)
	if opts.Tables == nil {
		opts.Tables = map[string]data.TableOptions{}
	}
	for name, v := range p.views {
		opts.Tables[name] = v.ForEditors
		if !changes(v) {
			opts.Tables[name] = v.ForReaders
		}
	}
	return opts
}

// dataOf returns the application's data as the visitor may see it.
func (p *Panel) dataOf(r *http.Request) data.DataSource {
	if source := p.sources[visitor(r).Role]; source != nil {
		return source
	}
	return p.sources[nobody]
}

// WrongRights are the names in Config.Rights of which the schema shows no table, in
// their order; [New] refuses them.
func WrongRights(schema *data.Schema, rights map[string]Rights) data.NameErrors {
	var names data.NameErrors
	for _, name := range slices.Sorted(maps.Keys(rights)) {
		if _, ok := schema.Table(name); !ok && name != everyTable {
			names = append(names, &data.NameError{Field: "Rights", Name: name, What: "is no table that is shown"})
		}
	}
	return names
}

// checkRights says what is wrong with the rights of tables.
func checkRights(schema *data.Schema, rights map[string]Rights) error {
	names := WrongRights(schema, rights)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(rights)) {
		if err := rights[name].validate(); err != nil {
			errs = append(errs, fmt.Errorf("Rights[%q]: %w", name, err))
		}
	}
	if len(names) > 0 {
		errs = append(errs, names)
	}
	return errors.Join(errs...)
}

// withRights adds to the error for the names in Config.Tables the wrong ones in
// Config.Rights, so that all are told at once.
func withRights(ctx context.Context, cfg Config, err error) error {
	names, ok := errors.AsType[data.NameErrors](err)
	if !ok {
		return err
	}
	source, openErr := data.Open(ctx, cfg.DB, data.Options{})
	if openErr != nil {
		return err
	}
	wrong := checkRights(source.Schema(), cfg.Rights)
	more, ok := errors.AsType[data.NameErrors](wrong)
	if !ok {
		return errors.Join(err, wrong)
	}
	return slices.Concat(names, more)
}
