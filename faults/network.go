// Network: what a fault proxy does between the store and its server.

package faults

var networkChecks = []check{
	{
		row:          "slow: every reply late",
		rule:         "A server whose replies come after the deadline is unavailable; one whose replies come late but in time is used.",
		inapplicable: needsNetwork,
		run: func(c *cell) {
			c.open(true)
			c.network("latency", "downstream", map[string]any{"latency": 2 * deadline.Milliseconds()})
		},
	},
	{
		row:          "connections reset",
		rule:         "A connection that is reset is replaced; a write that was on it is unknown.",
		inapplicable: needsNetwork,
		run: func(c *cell) {
			c.open(true)
			c.network("reset_peer", "downstream", map[string]any{"timeout": 0})
		},
	},
	{
		row:          "half-open",
		rule:         "Connections that are open, and on which nothing arrives any more, delay nobody beyond their deadline.",
		inapplicable: needsNetwork,
		run: func(c *cell) {
			c.open(true)
			var remove [2]func()
			c.outage(outage{
				begin: func() {
					remove[0] = c.proxy.add("timeout", "upstream", map[string]any{"timeout": 0})
					remove[1] = c.proxy.add("timeout", "downstream", map[string]any{"timeout": 0})
				},
				end:  func() { remove[0](); remove[1]() },
				gone: true,
			})
		},
	},
	{
		row:          "one byte at a time",
		rule:         "Replies that arrive in single bytes are read like any others.",
		inapplicable: needsNetwork,
		run: func(c *cell) {
			c.open(true)
			for _, stream := range []string{"upstream", "downstream"} {
				c.harm(func() {
					c.proxy.add("slicer", stream, map[string]any{"average_size": 1, "size_variation": 0, "delay": 1})
				})
			}
			c.outage(outage{begin: func() {}, end: func() {}, slow: true})
		},
	},
	{
		row:          "reply cut in the middle",
		rule:         "A reply that ends in the middle is not an answer, and the connection it came on is not used again.",
		inapplicable: needsNetwork,
		run: func(c *cell) {
			for _, n := range []int{1, 7, 40, 200}[:c.times(4, 2)] {
				c.close()
				c.open(true)
				var remove func()
				c.outage(outage{
					begin: func() { remove = c.proxy.add("limit_data", "downstream", map[string]any{"bytes": n}) },
					end:   func() { remove() },
					gone:  true, partly: true,
				})
			}
		},
	},
}

// network goes through a fault of the proxy.
func (c *cell) network(kind, stream string, attributes map[string]any) {
	c.Helper()
	var remove func()
	c.outage(outage{
		begin: func() { remove = c.proxy.add(kind, stream, attributes) },
		end:   func() { remove() },
		gone:  true,
	})
}
