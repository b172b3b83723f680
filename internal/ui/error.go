// This file holds the error pages: what happened and what to do, by status.

package ui

import (
	"net/http"
	"time"
)

// Error is an error page. Title, headline and advice follow from Status.
type Error struct {
	Layout

	Status int
	// Detail says what exactly is wrong, for 400 and 422 naming the field.
	Detail string
	// RetryAfter is the wait told to the user for 429 and 503; 0 hides it.
	RetryAfter time.Duration
	// RequestID is shown for the log; may be empty.
	RequestID string
	// RetryHref is where "Try again" leads, for a GET its own address; empty
	// hides the button.
	RetryHref string
	// BackHref is the page that was sent from, where there is one to go back to.
	BackHref string

	// Entered is what was sent in a form, to be read; empty if it was none.
	Entered []Field
	// SendHref is where Params are sent again, all that was sent, with SendToken,
	// the CSRF token that came with it; empty hides the button.
	SendHref  string
	SendToken string
	Params    []Param
	FormHref  string // the form, empty; may be empty
	Lacks     bool   // a password or a file was sent, which is not kept
}

func (Error) template() string { return "error.html" }

type errorText struct{ headline, advice string }

var errorTexts = map[int]errorText{
	http.StatusBadRequest: {"This address cannot be read",
		"Part of it is malformed. Go back and follow the link again, or correct the address."},
	http.StatusUnauthorized: {"You are not signed in",
		"Sign in to go on. Nothing was changed."},
	http.StatusForbidden: {"You may not do this",
		"Your role does not allow it. Ask an administrator if you need it."},
	http.StatusNotFound: {"There is nothing here",
		"The page or record does not exist, or no longer does. Check the address or start from the dashboard."},
	http.StatusMethodNotAllowed: {"This page cannot be used that way",
		"The address exists but does not accept this kind of request. Start from the dashboard."},
	http.StatusRequestTimeout: {"That took too long to send",
		"The connection may be slow or was interrupted. Go back and send it again."},
	http.StatusConflict: {"Someone else changed this first",
		"Your change was not saved, so that theirs is not lost. Reload to see the present state, then decide."},
	http.StatusRequestEntityTooLarge: {"That was too much to send",
		"The request is larger than the panel accepts. Send less at once."},
	http.StatusUnprocessableEntity: {"Something does not fit",
		"A value cannot be used as it was given. Go back and correct it; nothing was changed."},
	http.StatusTooManyRequests: {"That is too much at once",
		"One person can have only so much under way, so that others do not have to wait."},
	http.StatusInternalServerError: {"Something went wrong on our side",
		"The error was logged. Try again; if it stays, tell an administrator what you did."},
	http.StatusServiceUnavailable: {"Not available right now",
		"Nothing is wrong with your session: if you were signed in, you still are."},
}

func (e Error) text() errorText {
	if t, ok := errorTexts[e.Status]; ok {
		return t
	}
	if e.Status >= http.StatusInternalServerError {
		return errorTexts[http.StatusInternalServerError]
	}
	return errorTexts[http.StatusBadRequest]
}

// Headline is what happened, in a few words.
func (e Error) Headline() string { return e.text().headline }

// Advice is what to do.
func (e Error) Advice() string {
	advice := e.text().advice
	if e.Status == http.StatusForbidden && e.Detail != "" {
		advice = "Nothing was changed."
	}
	switch {
	case e.RetryAfter > 0:
		advice += " Try again in " + Wait(e.RetryAfter) + "."
	case e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable:
		advice += " Try again in a moment."
	}
	return advice
}
