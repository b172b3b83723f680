// Endings: which sessions are listed together, and ended together.

package people

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/internal/ui"
	"github.com/go-crudadmin/crudadmin/session"
)

const (
	// maxFilterText bounds each of a filter's texts, in bytes.
	maxFilterText = 255

	// lookedThrough is how many sessions one page of a filtered list looks through; the next page
	// goes on.
	lookedThrough = 20 * session.MaxPage

	// countedEndings is how many sessions a preview counts.
	countedEndings = 10_000

	// endingTime is how long one request ends sessions; another one goes on.
	endingTime = 20 * time.Second

	// endingStep is how long it ends everybody's sessions before it looks whether its request still
	// goes on.
	endingStep = time.Second
)

// sessionFilter says which sessions are meant; the zero one means all.
type sessionFilter struct {
	shown    ui.SessionFilter
	userID   string
	networks netip.Prefix
	device   string
}

// readSessionFilter reads user (a username, or the id of a user), ip (an address
// or a network) and device (a part of what is shown, or of the user agent).
func (p *Pages) readSessionFilter(v *frame.Visit, values url.Values) (sessionFilter, error) {
	f := sessionFilter{shown: ui.SessionFilter{
		User: strings.TrimSpace(values.Get("user")), IP: strings.TrimSpace(values.Get("ip")), Device: strings.TrimSpace(values.Get("device")),
	}}
	for name, given := range map[string]string{"user": f.shown.User, "ip": f.shown.IP, "device": f.shown.Device} {
		if len(given) > maxFilterText {
			return sessionFilter{}, frame.Refused(http.StatusUnprocessableEntity, text.FilterTooLong(name, len(given), maxFilterText))
		}
	}
	if f.shown.User != "" {
		u, err := p.Accounts.ByUsername(v.R.Context(), f.shown.User)
		switch {
		case err == nil:
			f.userID = u.ID
		case errors.Is(err, account.ErrNotFound): // a user whom the panel does not know, or whose account is gone
			f.userID = f.shown.User
		default:
			return f, err
		}
	}
	if given := f.shown.IP; given != "" {
		network, err := netip.ParsePrefix(given)
		if address, e := netip.ParseAddr(given); e == nil {
			address = address.Unmap().WithZone("")
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			f.shown.Error = text.NotANetwork(given)
			return f, frame.Refused(http.StatusUnprocessableEntity, f.shown.Error)
		}
		f.networks = network.Masked()
	}
	f.device = strings.ToLower(f.shown.Device)
	return f, nil
}

// values are the filter's parameters.
func (f sessionFilter) values() url.Values {
	v := url.Values{}
	for name, text := range map[string]string{"user": f.shown.User, "ip": f.shown.IP, "device": f.shown.Device} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return v
}

// looks reports whether each session must be looked at, and its user is not enough.
func (f sessionFilter) looks() bool { return f.networks.IsValid() || f.device != "" }

// takeShare takes what it costs to find or count the sessions of a form, and to end them. An index
// of the store leads to those of one user.
func (f sessionFilter) takeShare(v *frame.Visit, ending bool) error {
	if f.userID != "" && !f.looks() {
		return nil
	}
	if f.looks() || !ending { // all of everybody's are ended without being found first
		if err := v.Take(frame.Searching); err != nil {
			return err
		}
	}
	if ending {
		return v.Take(frame.Changing)
	}
	return nil
}

func (f sessionFilter) matches(s *session.Session) bool {
	return (!f.networks.IsValid() || s.IP.IsValid() && f.networks.Contains(s.IP.Unmap())) &&
		(f.device == "" || strings.Contains(strings.ToLower(deviceText(s.Device).String()+"\n"+s.UserAgent), f.device))
}

// findSessions returns a page of the sessions that are meant: as many as a page has at
// least, if there are so many among those that it looks through.
func (p *Pages) findSessions(ctx context.Context, f sessionFilter, ended bool, cursor string) (session.Page, error) {
	q := session.Query{User: session.User{ID: f.userID}, Ended: ended, Cursor: cursor}
	if !f.looks() {
		return p.Manager.List(ctx, q)
	}
	var found session.Page
	q.Limit = session.MaxPage
	for range lookedThrough / session.MaxPage {
		page, err := p.Manager.List(ctx, q)
		if err != nil {
			return session.Page{}, err
		}
		for i := range page.Sessions {
			if f.matches(&page.Sessions[i]) {
				found.Sessions = append(found.Sessions, page.Sessions[i])
			}
		}
		q.Cursor, found.Next = page.Next, page.Next
		if page.Next == "" || len(found.Sessions) >= session.DefaultPage {
			break
		}
	}
	return found, nil
}

// eachSession calls do with the sessions that are meant, a page at a time, until it
// returns false.
func (p *Pages) eachSession(ctx context.Context, f sessionFilter, do func([]session.Session) (bool, error)) error {
	q := session.Query{User: session.User{ID: f.userID}, Limit: session.MaxPage}
	for {
		page, err := p.Manager.List(ctx, q)
		if err != nil {
			return err
		}
		meant := slices.DeleteFunc(page.Sessions, func(s session.Session) bool { return !f.matches(&s) })
		more, err := do(meant)
		if err != nil || !more || page.Next == "" {
			return err
		}
		q.Cursor = page.Next
	}
}

// unlisted says what a store that cannot list everybody's sessions can do.
func (p *Pages) unlisted(err error) error {
	if !errors.Is(err, session.ErrUnsupported) {
		return err
	}
	return frame.Refused(http.StatusUnprocessableEntity, text.EndByUser(p.Manager.Traits().Name))
}

// revokeAll ends all sessions that are meant; with preview=1 it says how many there
// are. The visitor's own stays unless own=1.
func (p *Pages) revokeAll(v *frame.Visit, why session.Ending) error {
	f, err := p.readSessionFilter(v, v.R.PostForm)
	preview := v.R.PostForm.Get("preview") == "1"
	if err == nil {
		err = f.takeShare(v, !preview)
	}
	if err != nil {
		return err
	}
	mine, _ := v.Session()
	own := v.R.PostForm.Get("own") == "1"
	if preview {
		return p.previewEndings(v, f, own)
	}
	n, more, err := p.endAll(v, f, mine.ID, why)
	if own && (err == nil || errors.Is(err, session.ErrPartial)) && !more && p.meansOwn(f, &mine) {
		ended, ownErr := p.Manager.End(context.WithoutCancel(v.R.Context()), mine.ID, why)
		if !ended.ID.IsZero() {
			n++
		}
		if ownErr != nil && !errors.Is(ownErr, session.ErrNotFound) {
			err = ownErr
		}
	}
	v.Note(slog.Int("sessions", n))
	switch said := endedText(n); {
	case more:
		err = p.notifyEnded(v, text.Sentences(said, text.MoreSessions), err)
	case n == 0:
		err = p.notifyEnded(v, text.NoSessionMatches, err)
	default:
		err = p.notifyEnded(v, said, err)
	}
	if err != nil {
		return p.unlisted(err)
	}
	if v.WantsJSON() {
		return v.JSON(http.StatusOK, map[string]any{"sessions": n, "more": more})
	}
	return v.Redirect(v.URL("sessions", ""))
}

// meansOwn reports whether the visitor's session is among those that are meant.
func (p *Pages) meansOwn(f sessionFilter, mine *session.Session) bool {
	return (f.userID == "" || f.userID == mine.UserID) && f.matches(mine)
}

// endAll ends what is meant but one session, and returns how many that were, and
// whether the time was over before all had ended.
func (p *Pages) endAll(v *frame.Visit, f sessionFilter, keep session.ID, why session.Ending) (n int, more bool, err error) {
	ctx, cancel := context.WithTimeout(v.R.Context(), endingTime)
	defer cancel()
	switch {
	case f.looks():
		n, err = p.endEach(ctx, f, keep, why)
	case f.userID != "":
		n, err = p.Manager.RevokeUser(ctx, f.userID, why, keep)
	default:
		n, err = p.endEverybody(ctx, keep, why)
	}
	if n > 0 && err != nil && ctx.Err() != nil && v.R.Context().Err() == nil {
		return n, true, nil
	}
	return n, false, err
}

// endEverybody ends all sessions but one, in steps: what ends sessions goes on when its context is
// canceled, and the request's is when the visitor may not go on.
func (p *Pages) endEverybody(ctx context.Context, keep session.ID, why session.Ending) (n int, err error) {
	for {
		step, cancel := context.WithTimeout(ctx, endingStep)
		ended, err := p.Manager.RevokeAll(step, why, keep)
		n += ended
		late := step.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil || errors.Is(err, session.ErrPartial) || !late || ended == 0 {
			return n, err
		}
	}
}

// endEach ends them one by one, until the request may not go on.
func (p *Pages) endEach(ctx context.Context, f sessionFilter, keep session.ID, why session.Ending) (n int, err error) {
	var partial *session.PartialError
	err = p.eachSession(ctx, f, func(found []session.Session) (bool, error) {
		for i := range found {
			if ctx.Err() != nil {
				return false, context.Cause(ctx)
			}
			s := &found[i]
			if s.ID == keep || s.Previous == keep && !keep.IsZero() {
				continue
			}
			ended, err := p.Manager.End(ctx, s.ID, why)
			if !ended.ID.IsZero() {
				n++
			}
			if late, ok := errors.AsType[*session.PartialError](err); ok {
				if partial == nil || late.Within > partial.Within {
					partial = late
				}
			} else if err != nil && !errors.Is(err, session.ErrNotFound) {
				return false, err
			}
		}
		return true, nil
	})
	if err == nil && partial != nil {
		err = partial
	}
	return n, err
}

// previewEndings says how many sessions would end, on the list of them.
func (p *Pages) previewEndings(v *frame.Visit, f sessionFilter, own bool) error {
	mine, _ := v.Session()
	n, more := 0, false
	err := p.eachSession(v.R.Context(), f, func(found []session.Session) (bool, error) {
		for i := range found {
			if own || found[i].ID != mine.ID {
				n++
			}
		}
		more = n > countedEndings
		return !more, nil
	})
	if err != nil {
		return p.unlisted(err)
	}
	n = min(n, countedEndings)
	if v.WantsJSON() {
		return v.JSON(http.StatusOK, map[string]any{"sessions": n, "more": more})
	}
	count := text.Exact(int64(n))
	if more {
		count = text.AtLeast(int64(n))
	}
	return p.renderSessions(v, f, "", false, &ui.SessionsEnding{Count: count, Own: own, Mine: p.meansOwn(f, &mine)})
}
