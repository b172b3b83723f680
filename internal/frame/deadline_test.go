// Tests of the deadlines: net/http's own server over pipes, on a clock that waits for nobody.

package frame_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-crudadmin/crudadmin/internal/frame"
)

// pipes is a listener whose connections are pipes: what is not read is not taken.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// serve runs a test against a handler that keeps the default deadlines, on a server that has none.
func serve(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, dial func() net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w, end := frame.DefaultDeadlines.Bound(w, r)
			defer end()
			handler(w, r)
		})}
		served := make(chan error, 1)
		go func() { served <- server.Serve(listener) }()
		test(t, func() net.Conn {
			ours, theirs := net.Pipe()
			listener.conns <- theirs
			return ours
		})
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

func get(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
}

func TestAnAnswerThatIsNotTakenIsCut(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 1<<20)
	for what, c := range map[string]struct {
		handler http.HandlerFunc
		want    time.Duration
	}{
		"a large answer": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, large) }, 30 * time.Second},
		"a small one":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }, 30 * time.Second},
		"none":           {func(http.ResponseWriter, *http.Request) {}, 30 * time.Second},
		"a header":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, 30 * time.Second},
		"a late one":     {func(w http.ResponseWriter, _ *http.Request) { time.Sleep(time.Hour); _, _ = io.WriteString(w, large) }, time.Hour + 30*time.Second},
		"one in pieces": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "x")
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, large)
		}, 30 * time.Second},
		"one that sets its own": {func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour))
			_, _ = io.WriteString(w, large)
		}, time.Hour},
		"one that another goroutine ends": {func(w http.ResponseWriter, _ *http.Request) {
			time.AfterFunc(time.Minute, func() { _ = http.NewResponseController(w).SetWriteDeadline(time.Now()) })
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour))
			_, _ = io.WriteString(w, large)
		}, time.Minute},
		"one that wants none": {func(w http.ResponseWriter, _ *http.Request) {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
			_, _ = io.WriteString(w, large)
		}, 30 * time.Second},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			serve(t, c.handler, func(t *testing.T, dial func() net.Conn) {
				conn := dial()
				get(t, conn)
				begun := time.Now()
				// Reading waits for the first byte; so it begins when the answer has been given up.
				time.Sleep(c.want + time.Second)
				_, err := io.ReadAll(conn)
				if took := time.Since(begun); took != c.want+time.Second {
					t.Errorf("after %s the connection is still open (%v)", took, err)
				}
			})
		})
	}
}

// The deadline of one answer is not that of the next, however long the connection rests.
func TestADeadlineEndsWithItsAnswer(t *testing.T) {
	t.Parallel()
	serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "whole") }, func(t *testing.T, dial func() net.Conn) {
		conn := dial()
		in := bufio.NewReader(conn)
		for i := range 3 {
			get(t, conn)
			time.Sleep(29 * time.Second) // nearly too late
			answer, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("answer %d: %v", i, err)
			}
			body, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err != nil || string(body) != "whole" {
				t.Fatalf("answer %d: %q, %v", i, body, err)
			}
			time.Sleep(time.Hour)
		}
	})
}

// post sends the header of a form and a part of it.
func post(t *testing.T, conn net.Conn, size int, sent string) {
	t.Helper()
	if _, err := fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", size, sent); err != nil {
		t.Fatal(err)
	}
}

// A body that does not arrive is not waited for, whether the handler reads it or not.
func TestABodyThatDoesNotArriveIsCut(t *testing.T) {
	t.Parallel()
	for _, reads := range []bool{true, false} {
		var got error
		serve(t, func(_ http.ResponseWriter, r *http.Request) {
			if reads {
				_, got = io.ReadAll(r.Body)
			}
		}, func(t *testing.T, dial func() net.Conn) {
			conn := dial()
			begun := time.Now()
			post(t, conn, 100, "half")
			_, _ = io.ReadAll(conn) // until it is closed
			if took := time.Since(begun).Truncate(time.Second); took != 30*time.Second {
				t.Errorf("read by the handler %v: let go after %s, want 30s", reads, took)
			}
			if reads && !errors.Is(got, os.ErrDeadlineExceeded) {
				t.Errorf("the handler was told %v", got)
			}
		})
	}
}

// A large body may take its time, as long as it arrives.
func TestABodyThatArrivesIsWhole(t *testing.T) {
	t.Parallel()
	const pieces = 100
	piece := strings.Repeat("x", 32<<10)
	serve(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, n, err)
	}, func(t *testing.T, dial func() net.Conn) {
		conn := dial()
		post(t, conn, pieces*len(piece), "")
		for range pieces {
			if _, err := io.WriteString(conn, piece); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if body, _ := io.ReadAll(answer.Body); string(body) != fmt.Sprint(pieces*len(piece), nil) {
			t.Errorf("the handler read %s", body)
		}
	})
}

// A handler that works for longer than a body may take is not told that its browser has left.
func TestAHandlerMayTakeItsTimeAfterTheBody(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"form", ""} {
		serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body)
			_, _ = r.Body.Read(make([]byte, 1)) // at its end once more
			select {
			case <-r.Context().Done():
				_, _ = fmt.Fprint(w, context.Cause(r.Context()))
			case <-time.After(time.Hour):
				_, _ = io.WriteString(w, "done")
			}
		}, func(t *testing.T, dial func() net.Conn) {
			conn := dial()
			post(t, conn, len(body), body)
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if got, _ := io.ReadAll(answer.Body); string(got) != "done" {
				t.Errorf("with the body %q: %s", body, got)
			}
		})
	}
}
