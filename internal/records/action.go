// Action: what the program itself can do with the records of a table.

package records

import (
	"errors"
	"net/http"
	"slices"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/typed"
	"github.com/go-crudadmin/crudadmin/internal/ui"
)

// actions are the table's own that the visitor may run.
func actions(v *frame.Visit) []*typed.Action {
	if !v.May(v.Table, frame.RightBulk) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(v.View.Actions), func(a *typed.Action) bool { return !a.Offered(v.User.Role) })
}

// RunAction asks first, with the number of records, and runs a table's own action
// when it is confirmed.
func (p *Pages) RunAction(v *frame.Visit) error {
	var a *typed.Action
	if i := slices.IndexFunc(v.View.Actions, func(a *typed.Action) bool { return a.Name == v.R.PathValue("name") }); i >= 0 {
		a = v.View.Actions[i]
	}
	switch {
	case a == nil:
		return frame.ErrNoPage
	case !a.Offered(v.User.Role):
		return frame.Refused(http.StatusForbidden, text.ActionForbidden)
	}
	c, err := readChosen(v)
	if err != nil {
		return err
	}
	if v.R.PostForm.Get(ui.ParamConfirm) != "1" {
		return askAction(v, http.StatusOK, c, a, nil)
	}
	n, err := v.Data.ActMany(v.R.Context(), c.selection(), a.Run, c.asked)
	wrong := refusal(err)
	switch {
	case errors.Is(err, data.ErrAsked):
		return askAction(v, http.StatusConflict, c, a, text.OtherRows)
	case len(wrong) > 0:
		return askAction(v, http.StatusUnprocessableEntity, c, a, text.NothingChanged(wrong.Text()))
	case err != nil:
		return err
	default:
		v.Notify(ui.NoticeSuccess, text.ActionDone(a.Label, n))
		return v.Redirect(v.ListURL(c.query))
	}
}

func askAction(v *frame.Visit, status int, c chosen, a *typed.Action, wrong text.Message) error {
	asked, err := ask(v, c)
	if err != nil {
		return err
	}
	page := bulkPage(v, c, a.Name, asked)
	page.Heading, page.Danger, page.Error = text.Verbatim(a.Label), a.Danger, wrong
	page.Layout = v.Layout(v.TableURL(v.Table.Name))
	if a.Confirm != "" {
		page.Notices = append(page.Notices, ui.Notice{Kind: ui.NoticeInfo, Text: text.Verbatim(a.Confirm)})
	}
	return v.Render(status, page)
}
