// Delete: one record, and what that does to others.

package records

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// ShowDelete asks about the deletion of a record and says what goes with it.
func (p *Pages) ShowDelete(v *frame.Visit) error {
	key, err := v.Key(1)
	if err != nil {
		return err
	}
	return renderDelete(v, http.StatusOK, key, nil)
}

func renderDelete(v *frame.Visit, status int, key data.Key, wrong text.Message) error {
	t := v.Table
	preview, err := v.Data.DeletePreview(v.R.Context(), t.Name, key)
	if err != nil {
		return err
	}
	record := v.RecordURL(t.Name, key)
	page := ui.Delete{
		Heading: preview.Record.Label, Key: key.Label(), Model: frame.TableLabel(t), ModelHref: v.TableURL(t.Name),
		RecordHref: record, Action: record + "/delete", Token: preview.Token, Error: wrong,
	}
	page.Effects = effects(preview, referringRows(v, key, preview))
	page.Unforeseen = text.Sentences(v.Data.Schema().Obstacle(t.Name, data.Deletion), v.Data.Schema().Triggers(t.Name))
	page.Layout = v.Layout(v.TableURL(t.Name))
	return v.Render(status, page)
}

// referringRows are the lists of the rows that refer to a record, by what refers.
func referringRows(v *frame.Visit, key data.Key, preview *data.Preview) map[string]string {
	t := v.Table
	links := map[string]string{}
	if len(preview.Forbid)+len(preview.Changed) == 0 {
		return links
	}
	related, err := v.Data.Related(v.R.Context(), t.Name, key)
	if err != nil {
		v.Log().WarnContext(v.R.Context(), "related records failed", "table", t.Name, "error", err)
	}
	for _, one := range related {
		if one.Problem == nil {
			links[referrer(one.ForeignKey.Table, one.ForeignKey.Columns)] = v.ListURL(one.Query)
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
			kind := ui.EffectKind(strings.ToLower(string(e.Action)))
			if e.Action == data.NoAction {
				kind = ui.EffectRestrict
			}
			label := text.Verbatim(e.Table)
			if label == nil {
				label = text.HiddenTable
			}
			all = append(all, ui.Effect{Kind: kind, Table: label, Via: strings.Join(e.Columns, ", "), Count: count(e.Count), Href: links[referrer(e.Table, e.Columns)], Maybe: group.maybe})
		}
	}
	return all
}

// Delete deletes a record if it is as the page showed it that asked.
func (p *Pages) Delete(v *frame.Visit) error {
	t := v.Table
	key, err := v.Key(1)
	if err != nil {
		return err
	}
	token := v.R.PostForm.Get(ui.ParamToken)
	if token == "" {
		return frame.Refused(http.StatusBadRequest, text.DeleteIncomplete(ui.ParamToken))
	}
	err = v.Data.Delete(v.R.Context(), t.Name, key, token)
	wrong := refusal(err)
	var stale *data.StaleError
	var referenced *data.ReferencedError
	switch {
	case errors.As(err, &stale) && stale.Current != nil:
		return renderDelete(v, http.StatusConflict, key, text.ChangedMeanwhile)
	case errors.As(err, &referenced):
		return renderDelete(v, http.StatusConflict, key, text.Referenced)
	case len(wrong) > 0:
		return renderDelete(v, http.StatusUnprocessableEntity, key, wrong.Text())
	case errors.As(err, &stale), errors.Is(err, data.ErrNotFound):
		v.Notify(ui.NoticeInfo, text.RecordAlreadyDeleted)
		return v.Redirect(v.TableURL(t.Name))
	case err != nil:
		return err
	default:
		v.Notify(ui.NoticeSuccess, text.RecordDeleted)
		return v.Redirect(v.TableURL(t.Name))
	}
}
