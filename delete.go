// Delete: one record, and what that does to others.

package crudadmin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-crudadmin/crudadmin/data"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

func (p *Panel) showDelete(w http.ResponseWriter, r *http.Request) {
	t, key, err := p.recordBefore(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	p.renderDelete(w, r, http.StatusOK, t, key, "")
}

func (p *Panel) renderDelete(w http.ResponseWriter, r *http.Request, status int, t *data.Table, key data.Key, wrong string) {
	preview, err := p.dataOf(r).DeletePreview(r.Context(), t.Name, key)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	record := p.recordURL(t.Name, key)
	page := ui.Delete{
		Heading: preview.Record.Label, Key: key.Label(), Model: tableLabel(t), ModelHref: p.tableURL(t.Name),
		RecordHref: record, Action: record + "/delete", Token: preview.Token, Error: wrong,
	}
	page.Effects = effects(preview, p.referringRows(r, t, key, preview))
	page.Layout = p.layout(w, r, p.tableURL(t.Name))
	p.render(w, r, status, page)
}

// referringRows are the lists of the rows that refer to a record, by what refers.
func (p *Panel) referringRows(r *http.Request, t *data.Table, key data.Key, preview *data.Preview) map[string]string {
	links := map[string]string{}
	if len(preview.Forbid)+len(preview.Changed) == 0 {
		return links
	}
	related, err := p.dataOf(r).Related(r.Context(), t.Name, key)
	if err != nil {
		p.log.WarnContext(r.Context(), "related records failed", "table", t.Name, "error", err)
	}
	for _, one := range related {
		if one.Problem == "" {
			links[referrer(one.ForeignKey.Table, one.ForeignKey.Columns)] = p.listURL(one.Query)
		}
	}
	return links
}

func referrer(table string, columns []string) string {
	return table + "\x00" + strings.Join(columns, ", ")
}

// effects are what a deletion does, or why it is forbidden, with links to the
// rows where there is one.
func effects(preview *data.Preview, links map[string]string) []ui.Effect {
	var all []ui.Effect
	for _, group := range []struct {
		effects []data.Effect
		maybe   bool
	}{{preview.Forbid, false}, {preview.Deleted, false}, {preview.Changed, false}, {preview.Unseen, true}} {
		for _, e := range group.effects {
			kind := ui.EffectKind(strings.ToLower(e.Action))
			if e.Action == "NO ACTION" {
				kind = ui.EffectRestrict
			}
			label := e.Table
			if label == "" {
				label = "a table that is not shown"
			}
			all = append(all, ui.Effect{Kind: kind, Table: label, Via: strings.Join(e.Columns, ", "), Count: count(e.Count), Href: links[referrer(e.Table, e.Columns)], Maybe: group.maybe})
		}
	}
	return all
}

func (p *Panel) delete(w http.ResponseWriter, r *http.Request) {
	t, key, err := p.recordBefore(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	token := r.PostForm.Get(ui.ParamToken)
	if token == "" {
		p.fail(w, r, &statusError{status: http.StatusBadRequest, detail: ui.ParamToken + ": missing; it says what the page showed that asks about the deletion. Open that page again."})
		return
	}
	err = p.dataOf(r).Delete(r.Context(), t.Name, key, token)
	var hook *data.HookError
	var stale *data.StaleError
	var referenced *data.ReferencedError
	switch {
	case errors.As(err, &stale) && stale.Current != nil:
		p.renderDelete(w, r, http.StatusConflict, t, key, "The record, or what goes with it, was changed since this page was opened. Look at it again before you delete it.")
	case errors.As(err, &referenced):
		p.renderDelete(w, r, http.StatusConflict, t, key, "Other records refer to it.")
	case errors.As(err, &hook), len(fieldErrors(err)) > 0:
		p.renderDelete(w, r, http.StatusUnprocessableEntity, t, key, err.Error())
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
