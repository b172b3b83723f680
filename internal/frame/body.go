// Body: how much of a request's body is read, what is checked before it is, and what is left of it
// afterwards, which is nothing.

package frame

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"sync"

	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/text"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
)

// Bounds of a request's body.
const (
	maxSignIn = 16 << 10               // of visitors who are not signed in
	MaxBody   = 1 << 20                // of a form
	MaxUpload = data.MaxFile + MaxBody // of a form with files
	maxValues = data.MaxText + MaxBody // of such a form without its files, as it lies in memory
	maxParts  = 1000                   // of such a form, as net/http has it
)

// Uploads reports whether a route takes files: a form of one record.
func (rt Route) Uploads() bool {
	return (rt.Access.needs(RightCreate) || rt.Access.needs(RightUpdate)) && !rt.Access.needs(RightBulk)
}

// bound bounds the body of a route's requests. Only forms with files may be large.
func (f *Frame) bound(v *Visit, rt Route) error {
	size := int64(MaxBody)
	switch {
	case rt.Access == Anybody:
		size = maxSignIn
	case rt.Uploads() && isMultipart(v.R):
		size = MaxUpload
	}
	v.R.Body = http.MaxBytesReader(v.W, v.R.Body, size)
	return nil
}

func isMultipart(r *http.Request) bool { return isForm(r, "multipart/form-data") }

func isForm(r *http.Request, kind string) bool {
	is, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && is == kind
}

// checkCSRF refuses a request that changes something without its token, before a file is stored
// where the token leads the form, as it does on every page. It reads the form; what it stores of it
// is gone when the visit ends, however it does.
func (f *Frame) checkCSRF(v *Visit, rt Route) error {
	if v.reads() {
		return nil
	}
	return f.readForm(rt, v.R)
}

// readForm reads the form of a request whose token is right.
func (f *Frame) readForm(rt Route, r *http.Request) error {
	if r.Header.Get(sessionhttp.CSRFHeader) != "" {
		if err := f.sessions.CheckCSRF(r); err != nil {
			return err
		}
	}
	if isMultipart(r) && rt.Uploads() {
		if token, leads := leadingToken(r); leads {
			probe := r.Clone(r.Context())
			probe.Header.Set(sessionhttp.CSRFHeader, token)
			if refused := f.sessions.CheckCSRF(probe); refused != nil {
				if err := readValues(r); err != nil { // which the page shows, to be copied
					return err
				}
				return refused
			}
		}
		if err := readFiles(r); err != nil {
			return err
		}
	} else if err := readValues(r); err != nil {
		return err
	}
	return f.sessions.CheckCSRF(r)
}

// rebodied is a body that is read by way of another reader.
type rebodied struct {
	io.Reader
	io.Closer
}

// leadingToken is the CSRF token of a form with files if it is the first field. It reads no
// further, and takes nothing away.
func leadingToken(r *http.Request) (string, bool) {
	const far = 4 << 10 // a boundary, a header and a token, with room
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "", false
	}
	ahead := bufio.NewReaderSize(r.Body, far)
	r.Body = rebodied{ahead, r.Body}
	head, _ := ahead.Peek(far) // less is a short form, or a broken one, which is noticed when it is read
	part, err := multipart.NewReader(bytes.NewReader(head), params["boundary"]).NextPart()
	if err != nil || part.FormName() != sessionhttp.CSRFField || part.FileName() != "" {
		return "", false
	}
	token, err := io.ReadAll(part)
	return string(token), err == nil
}

// readFiles reads a form with files, which it stores in the folder for temporary files. net/http
// adds 10 MiB to what it is given for all that is not a file. If a form does not come whole, the
// values that have come are in PostForm all the same.
func readFiles(r *http.Request) error {
	err := r.ParseForm()
	if err != nil {
		return formError(err)
	}
	heard, done := overhear(r)
	err = r.ParseMultipartForm(maxValues - 10<<20) //nolint:gosec // bound has bounded it
	if done(); err != nil {
		r.PostForm, r.Form, r.MultipartForm = heard.PostForm, heard.Form, heard.MultipartForm
	}
	return formError(err)
}

// overhear returns a request that hears of what is read of another one, which is a form with files,
// and keeps its values. They are there when done returns.
func overhear(r *http.Request) (heard *http.Request, done func()) {
	from, to := io.Pipe()
	heard = &http.Request{Method: r.Method, URL: r.URL, Header: r.Header, Body: from}
	var told sync.WaitGroup
	told.Go(func() {
		_ = readValues(heard)
		_, _ = io.Copy(io.Discard, from) // whoever is overheard waits for nobody
	})
	body := r.Body
	r.Body = rebodied{io.TeeReader(body, to), body}
	return heard, func() {
		_ = to.Close()
		told.Wait()
	}
}

// readValues reads a form. Of files it keeps the names and nothing else. Of a form that does not
// come whole the values that have come are in PostForm all the same.
func readValues(r *http.Request) error {
	var cut error
	if isForm(r, "application/x-www-form-urlencoded") && r.PostForm == nil && r.Body != nil {
		var text []byte
		if text, cut = io.ReadAll(r.Body); cut != nil {
			text = text[:max(bytes.LastIndexByte(text, '&'), 0)] // a half of a value is not what was entered
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
	}
	err := r.ParseForm()
	if err == nil && isMultipart(r) && r.MultipartForm == nil {
		err = readParts(r)
	}
	if cut != nil {
		err = cut
	}
	return formError(err)
}

// ReadRefused reads the form of a visit that was refused before it was read. There is none where
// nothing was sent, or where what was sent is not to be read.
func (v *Visit) ReadRefused() error {
	if v.R.Body == http.NoBody {
		return errForm
	}
	size := int64(MaxBody)
	if v.User.ID != "" && isMultipart(v.R) {
		size = MaxUpload
	}
	v.R.Body = http.MaxBytesReader(nil, v.R.Body, size)
	return readValues(v.R)
}

func readParts(r *http.Request) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return err
	}
	form := &multipart.Form{Value: map[string][]string{}, File: map[string][]*multipart.FileHeader{}}
	r.MultipartForm = form
	for left, n := maxValues, 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := part.FormName()
		if left -= len(name) + len(part.FileName()); left < 0 || n == maxParts {
			return multipart.ErrMessageTooLarge
		}
		if part.FileName() != "" {
			form.File[name] = append(form.File[name], &multipart.FileHeader{Filename: part.FileName(), Header: textproto.MIMEHeader{}})
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, int64(left)+1))
		if err != nil {
			return err
		}
		if left -= len(value); left < 0 {
			return multipart.ErrMessageTooLarge
		}
		for _, values := range []map[string][]string{form.Value, r.PostForm, r.Form} {
			values[name] = append(values[name], string(value))
		}
	}
}

// formError is an errForm for what the browser did wrong, unless it sent too much.
func formError(err error) error {
	var ours *fs.PathError // no place for a file
	if err == nil || errors.As(err, &ours) {
		return err
	}
	return fmt.Errorf("%w: %w", errForm, err)
}

// tooLarge says how much would have been taken; nil if an error is another one.
func tooLarge(err error) text.Message {
	var whole *http.MaxBytesError
	size := int64(maxValues)
	if errors.As(err, &whole) {
		size = whole.Limit
	} else if !errors.Is(err, multipart.ErrMessageTooLarge) {
		return nil
	}
	most := text.KiB(size >> 10)
	if size >= 1<<20 {
		most = text.MiB(size >> 20)
	}
	if whole == nil {
		return text.ValuesTooLarge(most)
	}
	return text.FormTooLarge(most)
}
