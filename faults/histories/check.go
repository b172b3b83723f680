// Check: a history against the model, by user and by session.

package histories

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/go-crudadmin/crudadmin/session"
)

// Rules say what is promised beyond the contract of session.Store, or less.
type Rules struct {
	// Regular is the promise of a cache in front of a database: while a change is
	// on its way, and for Lag after it, a read may show the session as it was
	// before, also where another read has shown the change already. Activity is
	// not compared.
	Regular bool

	// Lag is how long after a change that has been acknowledged a read that
	// begins may still not show it.
	Lag time.Duration

	// UpdateLag is the same for changes of metadata; Lag, if that is longer. Where
	// Untold is set, it is so only for those that the other nodes could not be told
	// of at once.
	UpdateLag time.Duration

	// Untold returns how many changes of metadata the other nodes could not be told
	// of at once, by the count of the store that made them.
	Untold func(session.Store) uint64

	// Snapshot means that a page of a user's sessions shows them as they were at
	// one moment. The contract of session.Store does not promise it: a store that
	// reads an index and then the records may leave out one that ended meanwhile
	// and not have its successor yet. Each session on the page is held to have
	// been live at one moment of the call in any case.
	Snapshot bool

	known   int   // calls with a known outcome, in the part that is checked
	longest int64 // time that a read took
}

// Violation is a part of a history that no order of its calls explains.
type Violation struct {
	// By is the check that found it: "user" or "session".
	By string

	// Call is the kind of call that fits nowhere.
	Call string

	// Text is the part of the history, call by call.
	Text string

	// Undecided means that no order was found, but not all were tried in time.
	Undecided bool
}

func (v Violation) String() string {
	what := "no order of the calls explains them"
	if v.Undecided {
		what = "not decided in time"
	}
	return fmt.Sprintf("by %s: %s; %s fits nowhere:\n%s", v.By, what, v.Call, v.Text)
}

// patience bounds the search for an order of one part.
const patience = time.Minute

// check returns what is wrong with a history.
func check(calls []Call, rules Rules) []Violation {
	var found []Violation
	for by, parts := range map[string][][]Call{"user": rules.byUser(calls), "session": rules.bySession(calls)} {
		for _, part := range parts {
			if v, wrong := rules.checkPart(part); wrong {
				v.By = by
				found = append(found, v)
			}
		}
	}
	slices.SortFunc(found, func(a, b Violation) int { return len(a.Text) - len(b.Text) })
	return found
}

// checkPart looks for an order of the calls of one part. First it leaves out what
// nobody knows and nobody saw: it may never have happened, and every such call
// doubles the orders there are.
func (rules Rules) checkPart(part []Call) (Violation, bool) {
	if seen := witnessed(part); len(seen) < len(part) {
		if result, _ := rules.order(seen, false); result == porcupine.Ok {
			return Violation{}, false
		}
	}
	if result, _ := rules.order(part, false); result == porcupine.Ok {
		return Violation{}, false
	}
	result, longest := rules.order(part, true)
	if result == porcupine.Ok { // the machine was busy before
		return Violation{}, false
	}
	v := rules.explain(part, longest)
	v.Undecided = result == porcupine.Unknown
	return v, true
}

// order looks for an order of calls; on request it returns the longest that some of
// them have.
func (rules Rules) order(part []Call, verbose bool) (porcupine.CheckResult, []*Call) {
	operations := make([]porcupine.Operation, len(part))
	rules.known, rules.longest = 0, 0
	for i := range part {
		c := &part[i]
		if !c.unknown() {
			rules.known++
			rules.longest = max(rules.longest, c.end-c.begin)
		}
		operations[i] = porcupine.Operation{ClientId: c.node, Input: c, Call: c.begin, Return: c.end}
	}
	model := porcupine.Model{
		Init: func() any { return &state{} },
		Step: func(before, input, _ any) (bool, any) {
			ok, after := rules.step(before.(*state), input.(*Call))
			return ok, after
		},
		Equal: func(a, b any) bool { return a.(*state).equal(b.(*state)) },
		Hash:  func(s any) uint64 { return s.(*state).hash() },
	}
	if !verbose {
		return porcupine.CheckOperationsTimeout(model, operations, patience), nil
	}
	result, info := porcupine.CheckOperationsVerbose(model, operations, patience)
	var longest []*Call
	for _, order := range info.PartialLinearizationsOperations()[0] {
		if len(order) > len(longest) {
			longest = longest[:0]
			for i := range order {
				longest = append(longest, order[i].Input.(*Call))
			}
		}
	}
	return result, longest
}

// witnessed returns the calls without those that would have made or changed something
// that no answer shows.
func witnessed(part []Call) []Call {
	made, written := map[session.ID]bool{}, map[session.Metadata]bool{}
	for i := range part {
		c := &part[i]
		if c.unknown() {
			continue
		}
		for _, s := range append([]session.Session{c.found}, c.all...) {
			made[s.ID], written[s.Metadata] = true, true
		}
		for _, id := range append([]session.ID{c.id, c.seen.ID}, c.ids...) {
			made[id] = made[id] || c.err == nil
		}
	}
	return slices.DeleteFunc(slices.Clone(part), func(c Call) bool {
		switch {
		case !c.unknown():
			return false
		case c.kind == create, c.kind == rotate:
			return !made[c.session.ID]
		case c.kind == update:
			return !written[c.metadata]
		}
		return false
	})
}

// around is how many calls before the one that fits nowhere are printed.
const around = 40

// explain tells a part that has no order, by the longest order that some of its
// calls have: the call that ended first of the others fits nowhere in it.
func (rules Rules) explain(part []Call, order []*Call) Violation {
	placed := map[*Call]bool{}
	reached := &state{}
	for _, c := range order {
		placed[c] = true
		_, reached = rules.step(reached, c)
	}
	var misfit *Call
	for i := range part {
		if c := &part[i]; !placed[c] && !c.unknown() && (misfit == nil || c.end < misfit.end) {
			misfit = c
		}
	}
	if misfit == nil { // only calls of unknown outcome are left
		return Violation{Call: "nothing", Text: "every call has a place, but those of unknown outcome"}
	}
	lines := slices.DeleteFunc(slices.Clone(part), func(c Call) bool { return c.begin > misfit.end })
	slices.SortFunc(lines, func(a, b Call) int { return cmp.Compare(a.end, b.end) })
	var text strings.Builder
	for i := max(0, len(lines)-around); i < len(lines); i++ {
		mark := "  "
		if lines[i].number == misfit.number && lines[i].kind == misfit.kind {
			mark = "→ "
		}
		fmt.Fprintln(&text, mark+lines[i].String())
	}
	fmt.Fprintln(&text, "The model has, after the longest order:")
	for _, s := range reached.live {
		fmt.Fprintln(&text, "  "+content(s))
	}
	return Violation{Call: string(misfit.kind), Text: text.String()}
}

// everybody reports whether the call concerns all parts of a history.
func (c *Call) everybody() bool { return c.kind == lost }

// byUser divides a history by the tag that all sessions of a user share; an
// anonymous session has one of its own.
func (rules Rules) byUser(calls []Call) [][]Call {
	parts := map[session.Tag][]Call{}
	for i := range calls {
		if c := &calls[i]; !c.everybody() && (c.kind != list || rules.Snapshot) {
			parts[c.tag] = append(parts[c.tag], *c)
		}
	}
	return withEverybody(parts, calls)
}

func withEverybody[K comparable](parts map[K][]Call, calls []Call) [][]Call {
	var all [][]Call
	for _, part := range parts {
		for i := range calls {
			if calls[i].everybody() {
				part = append(part, calls[i])
			}
		}
		all = append(all, part)
	}
	return all
}

// bySession divides a history by session and successors. Of a call that concerns
// many sessions each gets its own part.
func (rules Rules) bySession(calls []Call) [][]Call {
	first := chains(calls)
	of := map[session.Tag][]session.ID{} // the first IDs under a tag
	for id, root := range first {
		if id == root {
			of[id.Tag()] = append(of[id.Tag()], id)
		}
	}
	parts := map[session.ID][]Call{}
	add := func(root session.ID, c Call) { parts[root] = append(parts[root], c) }
	for i := range calls {
		c := calls[i]
		switch c.kind {
		case create:
			own := c
			own.admission, own.ids = session.Admission{}, nil
			if c.err == nil {
				add(first[c.session.ID], own)
			}
			for _, root := range of[c.tag] {
				for _, id := range c.mayEvict(calls, first, root) {
					add(root, Call{kind: evicted, number: c.number, node: c.node, begin: c.begin, end: c.end, at: c.at, lag: c.lag, id: id})
				}
			}
		case removeUser:
			c.count = -1
			for _, root := range of[c.tag] {
				add(root, c)
			}
		case list:
			for _, root := range of[c.tag] {
				own := c
				own.all = slices.DeleteFunc(slices.Clone(c.all), func(s session.Session) bool { return first[s.ID] != root })
				if len(own.all) > 0 || rules.Snapshot || !c.besideRotation(calls, first, root) {
					add(root, own)
				}
			}
		case touch:
			add(first[c.seen.ID], c)
		case lost:
		default:
			add(first[c.id], c)
		}
	}
	return withEverybody(parts, calls)
}

// besideRotation reports whether the call met a rotation of the session: a list that
// is not a snapshot may have missed both the old ID and the new one.
func (c *Call) besideRotation(calls []Call, first map[session.ID]session.ID, root session.ID) bool {
	return slices.ContainsFunc(calls, func(r Call) bool {
		return r.kind == rotate && first[r.id] == root && r.begin <= c.end && c.begin <= r.end
	})
}

// mayEvict returns which IDs of a session the Create ended, or, if nobody knows
// what it did, may have ended.
func (c *Call) mayEvict(calls []Call, first map[session.ID]session.ID, root session.ID) []session.ID {
	if !c.unknown() {
		return slices.DeleteFunc(slices.Clone(c.ids), func(id session.ID) bool { return first[id] != root })
	}
	if c.admission.Limit == 0 || c.admission.Refuse || first[c.session.ID] == root {
		return nil
	}
	mine := []session.ID{root}
	for i := range calls {
		if r := &calls[i]; r.kind == rotate && first[r.id] == root && (r.err == nil || r.unknown()) {
			mine = append(mine, r.session.ID)
		}
	}
	return mine
}

// chains returns for every ID in a history the one its chain of rotations began
// with.
func chains(calls []Call) map[session.ID]session.ID {
	before := map[session.ID]session.ID{}
	for i := range calls {
		if c := &calls[i]; c.kind == rotate {
			before[c.session.ID] = c.id
		}
	}
	first := map[session.ID]session.ID{}
	for i := range calls {
		c := &calls[i]
		for _, id := range append([]session.ID{c.id, c.session.ID, c.seen.ID}, append(ids(c.all), c.ids...)...) {
			if id.IsZero() {
				continue
			}
			root := id
			for !before[root].IsZero() {
				root = before[root]
			}
			first[id] = root
		}
	}
	return first
}
