// Policy: what each role may do with each table, decided here and nowhere else, and the data as
// each role may see it.

package frame

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/typed"
)

// EveryTable is the name under which the rights of the tables stand that have none of their own.
const EveryTable = "*"

// nobody is the role of a visitor without one.
const nobody account.Role = ""

// A Policy decides about rights, and holds for each role a source that has nothing else. It is
// asked by many goroutines, and nothing is registered any more once it is. It follows the schema.
type Policy struct {
	source   *data.Source      // the application's data, as it is
	tables   data.Config       // how it is shown
	rights   map[string]Rights // of tables by their names; those of EveryTable are for all others
	readOnly bool              // nothing is written

	views   map[string]*typed.View // what the program says, by table
	said    map[string]Rights      // … of rights, by table
	offered map[string][]Right     // … of what anybody may do, by table; all where there are none

	following *sync.Mutex              // of follow
	now       *atomic.Pointer[showing] // what is shown, which follows the schema
}

// showing is the application's data as the views show it.
type showing struct {
	sources map[account.Role]*data.Source // to each role what it may see
	whole   *data.Source                  // to nobody in particular: no table is hidden by rights
}

// NewPolicy is the policy before the program has said anything of a table. rights are those of
// tables by their names; those of [EveryTable] are for all others.
func NewPolicy(source *data.Source, tables data.Config, rights map[string]Rights, readOnly bool) (*Policy, error) {
	p := &Policy{
		source: source, tables: tables, rights: rights, readOnly: readOnly,
		views: map[string]*typed.View{}, said: map[string]Rights{}, offered: map[string][]Right{},
		following: &sync.Mutex{}, now: &atomic.Pointer[showing]{},
	}
	p.now.Store(&showing{})
	return p, p.show()
}

// Register takes a view with its rights, and what anybody may do at most (everything where nothing
// is named), and makes the sources anew; or it leaves all as it was.
func (p *Policy) Register(v *typed.View, rights Rights, allowed []Right) error {
	before, name := *p, v.Table.Name
	p.views, p.offered, p.said = maps.Clone(p.views), maps.Clone(p.offered), maps.Clone(p.said)
	p.views[name], p.offered[name] = v, allowed
	if rights != nil {
		p.said[name] = rights
	}
	err := p.show()
	if err != nil {
		*p = before
	}
	return err
}

// View is what the program says of a table; of one of which it says nothing, the default.
func (p *Policy) View(t *data.Table) *typed.View {
	if v := p.views[t.Name]; v != nil {
		return v
	}
	return typed.Default(t)
}

// refusal says why a role may not do something with a table; nil if it may. It
// is the one place where that is decided. Lists, counts, searches, choices,
// related records, exports, forms, bulk actions, menu and dashboard ask it, or
// read from a source that shows only what it allows to view.
func (p *Policy) refusal(role account.Role, t *data.Table, asked Right) error {
	writing := asked != RightView && asked != RightExport
	has := p.rightsOf(t.Name).of(role)
	allowed := p.offered[t.Name]
	switch {
	case writing && p.readOnly:
		return Refused(http.StatusForbidden, text.PanelReadOnly)
	case writing && t.ReadOnly != "":
		return Refused(http.StatusForbidden, text.TableReadOnly(text.Verbatim(t.ReadOnly)))
	case len(allowed) > 0 && !slices.Contains(allowed, asked):
		return Refused(http.StatusForbidden, text.NotOffered(verbs[asked]))
	case !slices.Contains(has, RightView), !slices.Contains(has, asked):
		return Refused(http.StatusForbidden, text.NotPermitted(verbs[asked]))
	}
	switch asked {
	case RightDelete:
		return p.mayReachAll(role, p.everything().Deleting(t.Name))
	case RightCreate:
		return p.mayReachAll(role, p.everything().Inserting(t.Name))
	}
	return nil
}

func (p *Policy) rightsOf(table string) Rights {
	if named, ok := p.named(table); ok {
		return named
	}
	return p.rights[EveryTable]
}

// named are the rights that a table has by its own name, if it has any.
func (p *Policy) named(table string) (Rights, bool) {
	if said, ok := p.said[table]; ok {
		return said, true
	}
	configured, ok := p.rights[table]
	return configured, ok
}

// verbs are what a right allows, as the sentences of refusals say it.
var verbs = map[Right]text.Message{
	RightView: text.ToView, RightExport: text.ToExport, RightCreate: text.ToCreate,
	RightUpdate: text.ToUpdate, RightDelete: text.ToDelete, RightBulk: text.ToBulk,
}

// DataFor returns the application's data as a role may see it.
func (p *Policy) DataFor(role account.Role) *data.Source {
	sources := p.now.Load().sources
	if source := sources[role]; source != nil {
		return source
	}
	return sources[nobody]
}

// everything is the schema as no role in particular sees it.
func (p *Policy) everything() *data.Schema { return p.now.Load().whole.Schema() }

// follow makes the sources anew if the schema of the database has been changed. If the program says
// something of a table or column that is gone, they stay as they were, and so does everything if
// the database does not answer.
func (p *Policy) follow(ctx context.Context) error {
	changed, err := p.source.Follow(ctx)
	if !changed || err != nil {
		return err
	}
	p.following.Lock()
	defer p.following.Unlock()
	return p.show()
}

// show makes the sources: for each role one that shows only the tables that the
// role may view, so that nothing else is reached by it. Roles that see the same
// share one.
func (p *Policy) show() (err error) {
	before := p.now.Load()
	defer func() {
		if err != nil {
			p.now.Store(before)
		}
	}()
	whole, err := p.source.With(p.dataConfig(func(*typed.View) bool { return true }), data.Guard{})
	if err != nil {
		return err
	}
	p.now.Store(&showing{before.sources, whole}) // refusals are by the new schema
	sources := map[account.Role]*data.Source{}
	same := map[string]*data.Source{}
	for _, role := range []account.Role{account.Superuser, account.Editor, account.Viewer, nobody} {
		var hidden, unchanged, own []string
		for _, t := range whole.Schema().Tables {
			if p.refusal(role, t, RightView) != nil {
				hidden = append(hidden, t.Name)
				continue
			}
			if p.refusal(role, t, RightUpdate) != nil {
				unchanged = append(unchanged, t.Name)
			}
			if _, named := p.named(t.Name); named {
				own = append(own, t.Name)
			}
		}
		guard, name := p.guard(role)
		name = fmt.Sprintf("%q %q %s", hidden, unchanged, name)
		if same[name] == nil {
			cfg := p.dataConfig(func(v *typed.View) bool { return !slices.Contains(unchanged, v.Table.Name) })
			cfg.Hide = slices.Concat(cfg.Hide, hidden)
			if len(cfg.Show) == 0 {
				cfg.Show = []string{"*"}
			}
			cfg.Show = slices.Concat(cfg.Show, own) // a view with rights of its own is shown whatever it reads
			if same[name], err = p.source.With(cfg, guard); err != nil {
				return err
			}
		}
		sources[role] = same[name]
	}
	p.now.Store(&showing{sources, whole})
	return nil
}

// dataConfig is the configuration of the data with what the views say to those who may
// change the records of a table, or may not.
func (p *Policy) dataConfig(changes func(*typed.View) bool) data.Config {
	cfg := p.tables
	cfg.Tables = maps.Clone(cfg.Tables)
	if cfg.Tables == nil {
		cfg.Tables = map[string]data.TableConfig{}
	}
	for name, v := range p.views {
		cfg.Tables[name] = v.ForEditors
		if !changes(v) {
			cfg.Tables[name] = v.ForReaders
		}
	}
	return cfg
}
