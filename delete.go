// Delete: one record, chosen ones, or all that match, and what that does to
// others.

package crudadmin

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/ui"
)

func (p *Panel) showDelete(w http.ResponseWriter, r *http.Request) {
	t, key, err := p.writableRecord(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.renderDelete(w, r, http.StatusOK, t, key, "")
}

func (p *Panel) renderDelete(w http.ResponseWriter, r *http.Request, status int, t *data.Table, key data.Key, wrong string) {
	preview, err := p.data.DeletePreview(r.Context(), t.Name, key)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	record := p.recordURL(t.Name, key)
	page := ui.Delete{
		Heading: preview.Record.Label, Key: key.Label(), Model: tableLabel(t), ModelHref: p.tableURL(t.Name),
		RecordHref: record, Action: record + "/delete", Token: preview.Record.Token, Effects: effects(preview), Error: wrong,
	}
	page.Layout = p.layout(w, r, p.tableURL(t.Name))
	p.render(w, r, status, page)
}

func effects(preview *data.Preview) []ui.Effect {
	var all []ui.Effect
	for _, group := range [][]data.Effect{preview.Forbid, preview.Deleted, preview.Changed} {
		for _, e := range group {
			kind := ui.EffectKind(strings.ToLower(e.Action))
			if e.Action == "NO ACTION" {
				kind = ui.EffectRestrict
			}
			label := e.Table
			if label == "" {
				label = "a table that is not shown"
			}
			all = append(all, ui.Effect{Kind: kind, Table: label, Via: strings.Join(e.Columns, ", "), Count: count(e.Count)})
		}
	}
	return all
}

func (p *Panel) delete(w http.ResponseWriter, r *http.Request) {
	t, key, err := p.writableRecord(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	err = p.data.Delete(r.Context(), t.Name, key, r.PostForm.Get(ui.ParamToken))
	var stale *data.StaleError
	var referenced *data.ReferencedError
	switch {
	case errors.As(err, &stale) && stale.Current != nil:
		p.renderDelete(w, r, http.StatusConflict, t, key, "The record was changed since this page was opened. Look at it again before you delete it.")
	case errors.As(err, &referenced):
		p.renderDelete(w, r, http.StatusConflict, t, key, "Other records refer to it.")
	case errors.As(err, &stale), errors.Is(err, data.ErrNotFound):
		p.notify(r, ui.NoticeInfo, "The record was already gone.")
		http.Redirect(w, r, p.tableURL(t.Name), http.StatusSeeOther)
	case err != nil:
		p.fail(w, r, err)
	default:
		p.notify(r, ui.NoticeSuccess, "The record is deleted.")
		http.Redirect(w, r, p.tableURL(t.Name), http.StatusSeeOther)
	}
}

// chosen is what a bulk action is about.
type chosen struct {
	table *data.Table
	keys  []data.Key
	all   bool
	query data.Query // of the list it was chosen in
}

// readChosen reads the rows that were chosen in a list.
func (p *Panel) readChosen(r *http.Request) (chosen, error) {
	t, err := p.writable(r)
	if err != nil {
		return chosen{}, err
	}
	c := chosen{table: t, all: r.PostForm.Get(ui.ParamAll) == "1"}
	state := url.Values{}
	for name, values := range r.PostForm {
		switch {
		case name == "q", name == "sort", name == "limit", name == "columns", strings.HasPrefix(name, "f."):
			state[name] = values
		}
	}
	if c.query, err = data.ParseQuery(t, state); err != nil {
		return c, err
	}
	for _, text := range r.PostForm["key"] {
		key, err := data.ParseKey(t, text)
		if err != nil {
			return c, err
		}
		c.keys = append(c.keys, key)
	}
	if !c.all && len(c.keys) == 0 {
		return c, &statusError{status: http.StatusBadRequest, detail: "key: choose at least one row."}
	}
	return c, nil
}

// deleteChosen asks first, with the number, and deletes when it is confirmed.
func (p *Panel) deleteChosen(w http.ResponseWriter, r *http.Request) {
	c, err := p.readChosen(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if r.PostForm.Get(ui.ParamConfirm) != "1" {
		p.renderBulk(w, r, http.StatusOK, c, "")
		return
	}
	var n int64
	if c.all {
		n, err = p.data.DeleteMatching(r.Context(), c.query)
	} else {
		n, err = p.data.DeleteMany(r.Context(), c.table.Name, c.keys)
	}
	var referenced *data.ReferencedError
	switch {
	case errors.As(err, &referenced):
		p.renderBulk(w, r, http.StatusConflict, c, "Nothing was deleted: other records refer to some of these.")
	case err != nil:
		p.fail(w, r, err)
	default:
		p.notify(r, ui.NoticeSuccess, deletedText(n))
		http.Redirect(w, r, p.listURL(c.query), http.StatusSeeOther)
	}
}

func deletedText(n int64) string {
	if n == 1 {
		return "1 record is deleted."
	}
	return fmt.Sprintf("%d records are deleted.", n)
}

func (p *Panel) renderBulk(w http.ResponseWriter, r *http.Request, status int, c chosen, wrong string) {
	page := ui.Bulk{
		Heading: "Delete", Model: tableLabel(c.table), ModelHref: p.tableURL(c.table.Name), Danger: true, All: c.all,
		Action: p.bulkURL(c.table), CancelHref: p.listURL(c.query), Error: wrong, Count: ui.Exact(int64(len(c.keys))),
	}
	if c.all {
		n, err := p.data.CountMatching(r.Context(), c.query)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		page.Count = ui.Exact(n)
		page.Params = append(page.Params, ui.Param{Name: ui.ParamAll, Value: "1"})
	}
	for _, key := range c.keys {
		page.Params = append(page.Params, ui.Param{Name: "key", Value: key.String()})
		if len(page.Sample) < 10 {
			page.Sample = append(page.Sample, ui.Link{Label: key.Label(), Href: p.recordURL(c.table.Name, key)})
		}
	}
	values := c.query.Values()
	for _, name := range sortedNames(values) {
		for _, value := range values[name] {
			page.Params = append(page.Params, ui.Param{Name: name, Value: value})
		}
	}
	page.Layout = p.layout(w, r, p.tableURL(c.table.Name))
	p.render(w, r, status, page)
}

func (p *Panel) bulkURL(t *data.Table) string {
	return p.ui.URL("m", tableSegment(t.Name), "actions", "delete")
}
