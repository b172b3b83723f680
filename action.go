// Action: what the program itself can do with the records of a table.

package crudadmin

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// action is an Action without its type.
type action struct {
	name, label, confirm string
	danger               bool
	roles                []account.Role
	run                  data.Work
}

// offered reports whether a role that may change many records may run it.
func (a *action) offered(role account.Role) bool {
	return len(a.roles) == 0 || slices.Contains(a.roles, role)
}

// work decodes the records for an action.
func work[T any](m *model, run func(context.Context, Tx, iter.Seq2[*T, error]) error) data.Work {
	return func(ctx context.Context, tx Tx, rows iter.Seq2[data.Values, error]) error {
		return run(ctx, tx, func(yield func(*T, error) bool) {
			for row, err := range rows {
				var record *T
				if err == nil {
					record, err = decoded[T](m, row)
				}
				if !yield(record, err) || err != nil {
					return
				}
			}
		})
	}
}

// actions are the table's own that the visitor may run.
func (p *Panel) actions(r *http.Request, t *data.Table) []*action {
	m := p.models[t.Name]
	if m == nil || !p.may(r, t, RightBulk) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(m.actions), func(a *action) bool { return !a.offered(visitor(r).Role) })
}

// runAction asks first, with the number of records, and runs a table's own action
// when it is confirmed.
func (p *Panel) runAction(w http.ResponseWriter, r *http.Request) {
	t, err := p.requestTable(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	var a *action
	if m := p.models[t.Name]; m != nil {
		if i := slices.IndexFunc(m.actions, func(a *action) bool { return a.name == r.PathValue("name") }); i >= 0 {
			a = m.actions[i]
		}
	}
	switch {
	case a == nil:
		p.fail(w, r, errNoPage)
		return
	case !a.offered(visitor(r).Role):
		p.fail(w, r, &statusError{status: http.StatusForbidden, detail: "Your role may not do this."})
		return
	}
	c, err := p.readChosen(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if r.PostForm.Get(ui.ParamConfirm) != "1" {
		p.askAction(w, r, http.StatusOK, c, a, "")
		return
	}
	var n int64
	if c.all {
		n, err = p.dataOf(r).ActMatching(r.Context(), c.query, a.run, c.asked)
	} else {
		n, err = p.dataOf(r).ActMany(r.Context(), t.Name, c.keys, a.run, c.asked)
	}
	var hook *data.HookError
	switch {
	case errors.Is(err, data.ErrAsked):
		p.askAction(w, r, http.StatusConflict, c, a, otherRows)
	case errors.As(err, &hook), len(fieldErrors(err)) > 0:
		p.askAction(w, r, http.StatusUnprocessableEntity, c, a, "Nothing was changed: "+err.Error())
	case err != nil:
		p.fail(w, r, err)
	default:
		p.notify(r, ui.NoticeSuccess, a.label+": "+records(n)+" done.")
		http.Redirect(w, r, p.listURL(c.query), http.StatusSeeOther)
	}
}

func (p *Panel) askAction(w http.ResponseWriter, r *http.Request, status int, c chosen, a *action, wrong string) {
	asked, err := p.ask(r, c)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	page := p.bulkPage(r, c, a.name, asked)
	page.Heading, page.Danger, page.Error = a.label, a.danger, wrong
	page.Layout = p.layout(w, r, p.tableURL(c.table.Name))
	if a.confirm != "" {
		page.Notices = append(page.Notices, ui.Notice{Kind: ui.NoticeInfo, Text: a.confirm})
	}
	p.render(w, r, status, page)
}
