// Sessions: who is signed in, and ending it.

package people

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/clip"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

// ListSessions is everybody's sessions, or those that a filter means.
func (p *Pages) ListSessions(v *frame.Visit) error {
	f, err := p.readSessionFilter(v, v.R.URL.Query())
	if err == nil && f.looks() {
		err = v.Take(frame.Searching)
	}
	if err != nil {
		return err
	}
	ended := p.Manager.Traits().History && v.R.URL.Query().Get("ended") == "1"
	return p.renderSessions(v, f, v.R.URL.Query().Get("after"), ended, nil)
}

// renderSessions shows a page of the sessions that a filter means, and above them
// the question about ending them, if there is one.
func (p *Pages) renderSessions(v *frame.Visit, f sessionFilter, cursor string, ended bool, ending *ui.SessionsEnding) error {
	found, err := p.findSessions(v.R.Context(), f, ended, cursor)
	page := ui.Sessions{CanEnd: !ended, Ended: ended, History: p.Manager.Traits().History, Filter: &f.shown, Ending: ending}
	switch {
	case errors.Is(err, session.ErrUnsupported):
		page.Problem = &ui.Problem{
			Title:  text.SessionsUnlisted,
			Detail: text.FilterByUser(p.Manager.Traits().Name),
		}
	case err != nil:
		return err
	}
	if page.Rows, err = p.sessionRows(v, found.Sessions); err != nil {
		return err
	}
	self := v.URL("sessions", "")
	if cursor == "" && found.Next == "" && page.Problem == nil {
		page.Count = text.Exact(int64(len(page.Rows)))
	}
	at := f.values()
	if ended {
		at.Set("ended", "1")
	}
	if cursor != "" {
		page.Pager.First = strings.TrimSuffix(self+"?"+at.Encode(), "?")
	}
	if found.Next != "" {
		at.Set("after", found.Next)
		page.Pager.Next = self + "?" + at.Encode()
	}
	page.Layout = v.Layout(self)
	if notes := p.Manager.Traits().Notes; len(notes) > 0 { // what the store cannot promise
		page.Notices = append(page.Notices, ui.Notice{Kind: ui.NoticeInfo, Text: text.Verbatim(strings.Join(notes, " "))})
	}
	return v.Render(http.StatusOK, page)
}

// sessionRows turns sessions into rows, with the names of their users.
func (p *Pages) sessionRows(v *frame.Visit, found []session.Session) ([]ui.Session, error) {
	current, _ := v.Session()
	names := map[string]string{}
	var rows []ui.Session
	for i := range found {
		s := &found[i]
		name, ok := names[s.UserID]
		if !ok && s.UserID != "" {
			u, err := p.Accounts.ByID(v.R.Context(), s.UserID)
			switch {
			case errors.Is(err, account.ErrNotFound):
				name = s.UserID
			case err != nil:
				return nil, err
			default:
				name = u.Username
			}
			names[s.UserID] = name
		}
		row := ui.Session{
			ID: s.ID.String(), User: name, UserID: s.UserID,
			Device: deviceText(s.Device), UserAgent: s.UserAgent,
			Created: s.CreatedAt, LastActivity: s.LastActivity, Expires: s.ExpiresAt,
			Current: s.ID == current.ID,
			Ended:   s.EndedAt, Why: whyText(s.Ending),
		}
		if s.IP.IsValid() {
			row.IP = s.IP.String()
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// reasons are the words for why sessions end. A program may end them for others, in its own words.
var reasons = map[session.Reason]text.Message{
	session.ReasonLogout:          text.ReasonLogout,
	session.ReasonRevoked:         text.ReasonRevoked,
	session.ReasonLimitReached:    text.ReasonLimit,
	session.ReasonIdleTimeout:     text.ReasonIdle,
	session.ReasonAbsoluteTimeout: text.ReasonAbsolute,
	session.ReasonPasswordChanged: text.ReasonPasswordChanged,
	session.ReasonUserDisabled:    text.ReasonUserDisabled,
	session.ReasonRoleChanged:     text.ReasonRoleChanged,
	session.ReasonRotated:         text.ReasonRotated,
	session.ReasonUndecodable:     text.ReasonUndecodable,
}

// whyText says in words why a session ended.
func whyText(e session.Ending) text.Message {
	reason, ours := reasons[e.Reason]
	if !ours {
		reason = text.Verbatim(strings.ReplaceAll(string(e.Reason), "_", " "))
	}
	if e.By == "" {
		return reason
	}
	return text.EndedBy(reason, e.By)
}

func deviceText(d session.Device) text.Message {
	major, _, _ := strings.Cut(d.Version, ".") // the rest of it is for the user agent
	browser := strings.TrimSpace(d.Browser + " " + major)
	switch {
	case browser == "" && d.OS == "":
		return text.UnknownDevice
	case d.OS == "":
		return text.Verbatim(browser)
	case browser == "":
		return text.Verbatim(d.OS)
	default:
		return text.OnSystem(browser, d.OS)
	}
}

// EndSessions ends one session (id), all of a user's (user), or all that a filter
// means (all=1).
func (p *Pages) EndSessions(v *frame.Visit) error {
	why := session.Ending{Reason: session.ReasonRevoked, By: v.User.Username}
	id, user := v.R.PostForm.Get("id"), v.R.PostForm.Get("user")
	var n int
	var err error
	switch all := v.R.PostForm.Get("all") == "1"; {
	case all && id == "":
		return p.revokeAll(v, why)
	case all || id != "" && user != "" || id == "" && user == "":
		err = frame.Refused(http.StatusBadRequest, text.WhichSession)
	case id != "":
		n, err = p.revokeOne(v, id, why)
	default:
		n, err = p.Manager.RevokeUser(v.R.Context(), user, why)
	}
	v.Note(slog.Int("sessions", n))
	if user != "" {
		v.Note(slog.String("target_id", clip.Text(user, frame.MaxLogged)))
	}
	if err := p.notifyEnded(v, endedText(n), err); err != nil {
		return err
	}
	return v.Redirect(v.URL("sessions", ""))
}

// revokeOne ends the session of an ID as it was posted.
func (p *Pages) revokeOne(v *frame.Visit, sent string, why session.Ending) (int, error) {
	id, err := session.ParseID(sent)
	if err != nil {
		return 0, frame.Refused(http.StatusBadRequest, text.NotASession)
	}
	n := 1
	if _, err := p.Manager.Get(v.R.Context(), id); errors.Is(err, session.ErrNotFound) {
		n = 0
	}
	return n, p.Manager.Revoke(v.R.Context(), id, why)
}

// notifyEnded shows what is said, and how far the ending has come: err is what ended the
// sessions returned, and is returned if they may not have ended.
func (p *Pages) notifyEnded(v *frame.Visit, said text.Message, err error) error {
	kind := ui.NoticeSuccess
	if partial, ok := errors.AsType[*session.PartialError](err); ok {
		kind, said, err = ui.NoticeWarning, text.Sentences(said, partialText(partial)), nil
		v.Log().WarnContext(v.R.Context(), "sessions ended, but not yet everywhere", "within", partial.Within, "error", partial.Cause)
	}
	if err == nil {
		v.Notify(kind, said)
	}
	return err
}

// partialText says in words how far an ending has come.
func partialText(e *session.PartialError) text.Message {
	return text.EndingUnconfirmed(text.Wait(max(e.Within, time.Second).Round(time.Second)))
}

func endedText(n int) text.Message {
	if n == 0 {
		return text.SessionAlreadyEnded
	}
	return text.SessionsEnded(n)
}
