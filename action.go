// Action: what the program itself can do with the records of a table.

package crudadmin

import (
	"errors"
	"net/http"
	"slices"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/typed"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// actions are the table's own that the visitor may run.
func (p *Panel) actions(r *http.Request, t *data.Table) []*typed.Action {
	if !p.may(r, t, RightBulk) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.view(t).Actions), func(a *typed.Action) bool { return !a.Offered(visitor(r).Role) })
}

// runAction asks first, with the number of records, and runs a table's own action
// when it is confirmed.
func (p *Panel) runAction(w http.ResponseWriter, r *http.Request) {
	t, err := p.requestTable(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	var a *typed.Action
	actions := p.view(t).Actions
	if i := slices.IndexFunc(actions, func(a *typed.Action) bool { return a.Name == r.PathValue("name") }); i >= 0 {
		a = actions[i]
	}
	switch {
	case a == nil:
		p.fail(w, r, errNoPage)
		return
	case !a.Offered(visitor(r).Role):
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
		n, err = p.dataOf(r).ActMatching(r.Context(), c.query, a.Run, c.asked)
	} else {
		n, err = p.dataOf(r).ActMany(r.Context(), t.Name, c.keys, a.Run, c.asked)
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
		p.notify(r, ui.NoticeSuccess, a.Label+": "+records(n)+" done.")
		http.Redirect(w, r, p.listURL(c.query), http.StatusSeeOther)
	}
}

func (p *Panel) askAction(w http.ResponseWriter, r *http.Request, status int, c chosen, a *typed.Action, wrong string) {
	asked, err := p.ask(r, c)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	page := p.bulkPage(r, c, a.Name, asked)
	page.Heading, page.Danger, page.Error = a.Label, a.Danger, wrong
	page.Layout = p.layout(w, r, p.tableURL(c.table.Name))
	if a.Confirm != "" {
		page.Notices = append(page.Notices, ui.Notice{Kind: ui.NoticeInfo, Text: a.Confirm})
	}
	p.render(w, r, status, page)
}
