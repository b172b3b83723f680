// Examples for authors of stores: the words of the contract that every store needs.

package session_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-crudadmin/crudadmin/session"
)

// A list begins after the cursor and ends where the next page begins. Cursors order sessions as
// lists do, the newest first.
func ExampleQuery_After() {
	stored := make([]session.Session, 5)
	for i := range stored {
		stored[i] = session.Session{UserID: fmt.Sprint("user ", i), CreatedAt: time.UnixMicro(int64(i)).UTC()}
	}
	place := func(s session.Session) session.Cursor { return session.Cursor{At: s.CreatedAt, ID: s.ID} }
	list := func(q session.Query) (page session.Page, err error) {
		cursor, after, err := q.After() // a bad limit or cursor is the same error in every store
		if err != nil {
			return session.Page{}, err
		}
		slices.SortFunc(stored, func(a, b session.Session) int { return place(a).Compare(place(b)) })
		for _, s := range stored {
			if after && cursor.Compare(place(s)) >= 0 {
				continue
			}
			if len(page.Sessions) == q.Size() {
				page.Next = place(page.Sessions[q.Size()-1]).String()
				break
			}
			page.Sessions = append(page.Sessions, s)
		}
		return page, nil
	}
	first := must(list(session.Query{Limit: 3}))
	second := must(list(session.Query{Limit: 3, Cursor: first.Next}))
	fmt.Println(first.Sessions[0].UserID, len(first.Sessions), second.Sessions[0].UserID, len(second.Sessions), second.Next == "")
	fmt.Println(must(session.ParseCursor(first.Next)).At.UnixMicro())
	_, err := list(session.Query{Limit: -1})
	fmt.Println(err)
	// Output:
	// user 4 3 user 1 2 true
	// 2
	// session: malformed query: limit -1, want 1 to 200
}

// A counter holds an event back by its rule.
func ExampleCheckCount() {
	rule := session.CountRule{Limit: 5, Window: 15 * time.Minute, Pace: time.Second}
	fmt.Println(session.CheckCount("failures", rule), session.CheckCount("", rule))
	fmt.Println("events to keep:", rule.Kept())
	for n := 1; n <= 4; n++ {
		fmt.Print(rule.Apart(n), " ")
	}
	fmt.Println()
	// Output:
	// <nil> session: malformed counter: empty key
	// events to keep: 5
	// 1s 2s 4s 8s
}

// A store's clock never runs back: what has expired stays so.
func ExampleMonotonicClock() {
	times := []int64{10, 12, 11, 13}
	clock := session.MonotonicClock(func() time.Time {
		next := times[0]
		times = times[1:]
		return time.Unix(next, 0)
	})
	for range 4 {
		fmt.Print(clock().Unix(), " ")
	}
	fmt.Println()
	// Output: 10 12 12 13
}

// A store keeps the text of metadata and makes it of that text again. Whether a successor may take
// a session's place is for the session to say, and its tag says where it is stored.
func ExampleSession_Renewable() {
	manager, _ := newManager(session.Config{})
	_, s, err := manager.Create(context.Background(), session.NewSession{UserID: "ada"})
	if err != nil {
		panic(err)
	}
	s.Metadata = session.StoredMetadata(s.Metadata.String())
	fmt.Println(s.Renewable(s.ID), s.Renewable(session.ID{1}))
	user := s.User()
	fmt.Println(user.ID, user.Tag == s.ID.Tag(), s.ID[0] == user.Tag.Partition())
	// Output:
	// true false
	// ada true true
}
