// Process: one of our own dies in the middle of writes.

package faults

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// The variables by which a process knows that it is one that is to be killed.
const (
	childVariable = "FAULTS_CHILD_ADDR"
	childUser     = "FAULTS_CHILD_USER"
)

var processChecks = []check{
	{
		row:  "our process killed in the middle of writes",
		rule: "What a process that was killed had under way is done or not done, never half: what it acknowledged stands, lists agree with records, nobody is over the limit.",
		inapplicable: func(s *Subject, server *Server) string {
			if server.Addr == "" {
				return "sessions in memory end with the process"
			}
			return ""
		},
		run: func(c *cell) { processKilled(c) },
	},
}

// line is what the process says of a write: before it, and when it has its answer.
type line struct {
	Begin   bool
	Op      op
	How     outcome
	Detail  string
	Evicted []session.ID
}

// MarshalJSON implements json.Marshaler: IDs in hexadecimal.
func (o op) MarshalJSON() ([]byte, error) {
	return json.Marshal([]string{o.Kind, o.User, hex.EncodeToString(o.ID[:]), hex.EncodeToString(o.Next[:])})
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *op) UnmarshalJSON(text []byte) error {
	var f []string
	if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	if len(f) != 4 {
		return fmt.Errorf("%d fields", len(f))
	}
	o.Kind, o.User = f[0], f[1]
	for text, id := range map[string]*session.ID{f[2]: &o.ID, f[3]: &o.Next} {
		b, err := hex.DecodeString(text)
		if err != nil {
			return err
		}
		copy(id[:], b)
	}
	return nil
}

// childMain is the process: it writes until it is killed.
func childMain(t *testing.T, s *Subject, addr string) {
	c := &cell{TB: t, subject: s, server: &Server{Addr: addr}, clock: &shiftedClock{}, ledger: newLedger()}
	c.open(false)
	u := session.User{ID: os.Getenv(childUser)}
	copy(u.Tag[:], u.ID)
	say := func(l line) {
		text, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("faults: " + string(text))
	}
	r := &routine{store: c.store, user: u, fresh: func() session.Session { return c.record(u) }}
	r.begin = func(o op) func(outcome, error, []session.ID) {
		say(line{Begin: true, Op: o})
		return func(how outcome, err error, evicted []session.ID) {
			say(line{Op: o, How: how, Detail: fmt.Sprint(err), Evicted: evicted})
		}
	}
	for ctx := t.Context(); ctx.Err() == nil; {
		call, done := context.WithTimeout(ctx, patience)
		r.step(call)
		done()
	}
}

func processKilled(c *cell) {
	c.open(false)
	for round := range c.times(10, 2) {
		u := c.user()
		copy(u.Tag[:], u.ID) // the process makes it so
		c.ledger.mu.Lock()
		c.ledger.users[u.ID] = nil
		c.ledger.mu.Unlock()
		c.killChild(u, 40+7*round)
		page, err := within(patience, func(ctx context.Context) (session.Page, error) {
			return c.store.List(ctx, session.Query{User: u})
		})
		if err != nil || len(page.Sessions) > limit {
			c.Errorf("%d sessions after the process died, the limit is %d; %v", len(page.Sessions), limit, err)
		}
		// Nothing it held keeps others waiting.
		began := time.Now()
		n := c.record(u)
		e := c.ledger.begin(op{Kind: "create", User: u.ID, ID: n.ID})
		evicted, err := within(c.soon(), func(ctx context.Context) ([]session.ID, error) {
			return c.store.Create(ctx, n, session.Admission{Limit: limit})
		})
		c.ledger.end(e, outcomeOf(err), err, evicted)
		if err != nil {
			c.Errorf("Create after the process died: %v", err)
		}
		c.measured.Recovery = max(c.measured.Recovery, time.Since(began))
	}
	c.settle()
	c.clean()
}

// killChild starts the process, and kills it when it has had that many answers.
func (c *cell) killChild(u session.User, answers int) {
	c.Helper()
	// Anchored at each level, so that no other test runs in it.
	levels := strings.Split(c.Name(), "/")
	run := "^" + strings.ReplaceAll(regexp.QuoteMeta(strings.Join(levels[:len(levels)-1], "/")), "/", "$/^") + "$"
	cmd := exec.Command(os.Args[0], "-test.run="+run, "-test.count=1", "-test.timeout=2m") //nolint:gosec,noctx // this very program; it is killed below
	cmd.Env = append(os.Environ(), childVariable+"="+c.server.Addr, childUser+"="+u.ID)
	cmd.Env = append(cmd.Env, c.server.Env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		c.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	var under entry
	got := 0
	var said []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "faults: ")
		if !ok {
			said = append(said, lines.Text())
			continue
		}
		var l line
		if json.Unmarshal([]byte(text), &l) != nil {
			continue // the last one may be cut
		}
		if l.Begin {
			under = c.ledger.begin(l.Op)
			continue
		}
		c.ledger.end(under, l.How, fmt.Errorf("%s", l.Detail), l.Evicted)
		if got++; got == answers {
			_ = cmd.Process.Kill() // what was in the pipe is still read
		}
	}
	_ = cmd.Wait()
	if got < answers {
		c.Fatalf("the process ended after %d answers: %s", got, strings.Join(said, "\n"))
	}
}
