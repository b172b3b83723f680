// Package sessiontest certifies a session.Store: every sentence of the contract
// in package session is a check here, and a check that fails prints its sentence.
//
// A store, also one of another module, is certified in ten lines:
//
//	func TestStore(t *testing.T) {
//		sessiontest.Run(t, sessiontest.Harness{
//			Open: func(t testing.TB, now func() time.Time) session.Store {
//				s, err := mystore.New(mystore.Config{Addr: addr, Prefix: rand.Text(), Now: now})
//				if err != nil {
//					t.Fatal(err)
//				}
//				t.Cleanup(func() { _ = s.Close() })
//				return s
//			},
//		})
//	}
//
// Benchmark takes the same harness.
//
// A store that processes share adds Harness.Second, so that two managers on two
// handles run against each other. Poison, Dump and Audit let the suite look at
// the records at rest; without them those checks are skipped.
//
// What a store's Traits say it cannot do is skipped or must be ErrUnsupported. A
// store whose Traits.MaxStale is not 0 is certified with its cache off: the suite
// wants every handle to see at once what another has done.
//
// Nothing here sleeps: time is a [Clock] that moves when it is told to, and races
// happen in a chosen order by a [Gate] or are released at one moment.
package sessiontest
