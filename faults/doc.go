// Package faults makes servers fail for real, killed, frozen, emptied, cut off or
// slow, and checks what a session.Store says meanwhile and afterwards. Package
// sessiontest says whether a store is right; this one, whether it stays right.
//
// A store, also one of another module, is certified in ten lines:
//
//	func TestStore(t *testing.T) {
//		faults.Run(t, faults.Subject{
//			Name:  "my store",
//			Keeps: true,
//			Start: func(t testing.TB) faults.Server {
//				s := startMyServer(t)
//				return faults.Server{Addr: s.Addr, Kill: s.Kill, Freeze: s.Freeze, Thaw: s.Thaw, Restart: s.Restart}
//			},
//			Open: func(t testing.TB, addr string, now func() time.Time) session.Store { … },
//		})
//	}
//
// # The rule
//
// An answer is valid, invalid or unavailable, and it is true: nothing that ended is
// valid, nothing that lives is invalid. Unavailable is session.ErrUnavailable, over
// HTTP 503 with the cookie kept. A write whose outcome is unknown is
// session.ErrIndeterminate, and one that failed otherwise has done nothing. Every
// call is back 50 ms after its deadline. After the fault, service is back within a
// second, by itself, with no goroutine and no connection left behind.
//
// Each check runs a small load whose every outcome is written down, makes the fault,
// asks by every method, ends the fault, takes the time until service is back, and
// then compares what the store holds with what was acknowledged.
//
// # Busy machines
//
// Lateness is measured against a bare timer that runs beside the call, and the best
// of three attempts counts; the second until service is back may be three on a
// machine that does other things too. Everything else is exact.
package faults
