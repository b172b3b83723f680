// This file holds the error pages: what happened and what to do, by status.

package ui

import (
	"net/http"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/text"
)

// Error is an error page. Title, headline and advice follow from Status.
type Error struct {
	Layout

	Status int
	// Detail says what exactly is wrong, for 400 and 422 naming the field.
	Detail text.Message
	// RetryAfter is the wait told to the user for 429 and 503; 0 hides it.
	RetryAfter time.Duration
	// RequestID is shown for the log; may be empty.
	RequestID string
	// RetryHref is where "Try again" leads, for a GET its own address; empty
	// hides the button.
	RetryHref string
	// BackHref is the page that was sent from, where there is one to go back to.
	BackHref string

	// Entered is what was sent in a form, to be read; empty if there was none.
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

type errorText struct{ headline, advice text.Message }

var errorTexts = map[int]errorText{
	http.StatusBadRequest:            {text.BadRequestHead, text.BadRequestAdvice},
	http.StatusUnauthorized:          {text.UnauthorizedHead, text.UnauthorizedAdvice},
	http.StatusForbidden:             {text.ForbiddenHead, text.ForbiddenAdvice},
	http.StatusNotFound:              {text.NotFoundHead, text.NotFoundAdvice},
	http.StatusMethodNotAllowed:      {text.MethodHead, text.MethodAdvice},
	http.StatusRequestTimeout:        {text.TimeoutHead, text.TimeoutAdvice},
	http.StatusConflict:              {text.ConflictHead, text.ConflictAdvice},
	http.StatusRequestEntityTooLarge: {text.TooLargeHead, text.TooLargeAdvice},
	http.StatusUnprocessableEntity:   {text.UnprocessableHead, text.UnprocessableAdvice},
	http.StatusTooManyRequests:       {text.TooManyHead, text.TooManyAdvice},
	http.StatusInternalServerError:   {text.InternalHead, text.InternalAdvice},
	http.StatusServiceUnavailable:    {text.UnavailableHead, text.UnavailableAdvice},
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
func (e Error) Headline() text.Message { return e.text().headline }

// Advice is what to do.
func (e Error) Advice() text.Message {
	advice := e.text().advice
	if e.Status == http.StatusForbidden && e.Detail != nil {
		advice = text.NothingWasChanged
	}
	switch {
	case e.RetryAfter > 0:
		return text.Sentences(advice, text.TryAgainIn(text.Wait(e.RetryAfter)))
	case e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable:
		return text.Sentences(advice, text.TryAgainSoon)
	}
	return advice
}
