// Targets: what was promised, judged by the figures that were measured.

package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// target is a promise. Every one of its quotients must keep the bound.
type target struct {
	text      string
	least     float64 // 0: none
	most      float64 // 0: none
	quotients []quotient
	format    string // of a value; %.2f by default
}

// quotient is one figure over another, or one figure alone.
type quotient struct {
	label, of, to string
	inverse       bool
}

// all returns the quotients of a figure for each label; %s stands for it.
func all(of, to string, labels ...string) []quotient {
	var qs []quotient
	for _, l := range labels {
		q := quotient{label: l, of: strings.ReplaceAll(of, "%s", l)}
		if to != "" {
			q.to = strings.ReplaceAll(to, "%s", l)
		}
		qs = append(qs, q)
	}
	return qs
}

// over returns the inverses: how much of the limit is reached.
func over(of string, labels ...string) []quotient {
	qs := all(of, "", labels...)
	for i := range qs {
		qs[i].inverse = true
	}
	return qs
}

func targets() []target {
	ts := []target{
		{text: "memory, read through the middleware: ≥ 10 × less added time than scs (by clients)", least: 10,
			quotients: all("http/memory/read/%s/scs/added µs", "http/memory/read/%s/crudadmin/added µs", "1", "8", "64", "512")},
		{text: "the same: ≥ 20 × fewer added allocations", least: 20,
			quotients: all("http/memory/read/%s/scs/added allocations", "http/memory/read/%s/crudadmin/added allocations", "1", "8", "64", "512")},
		{text: "memory: `Manager.Validate` ≤ 2.5 × (map load + SHA-256) at 10³ sessions (by clients)", most: 2.5,
			quotients: all("limits/memory/%s", "", "1", "8", "64")},
		{text: "Redis, 64 clients: `Manager.Validate` ≥ 0.9 × the raw client's GET", least: 0.9, quotients: over("limits/Redis/%s", "64")},
		{text: "Redis, 64 clients, read: ≥ 2.5 × less added time than the others", least: 2.5,
			quotients: all("http/Redis/read/64/%s/added µs", "http/Redis/read/64/crudadmin/added µs", "scs", "gorilla")},
		{text: "Redis, 64 clients, read with an idle timeout: ≥ 4 × less", least: 4,
			quotients: all("http/Redis/read, idle timeout/64/%s/added µs", "http/Redis/read, idle timeout/64/crudadmin/added µs", "scs", "gorilla")},
		{text: "Redis, 64 clients: `Manager.Validate` with the near-cache ≥ 10 × without", least: 10, quotients: over("limits/Redis, near-cache/%s", "64")},
		{text: fmt.Sprintf("near-cache: revocation lag p100 within MaxStale (%s), in ms", maxStale), most: float64(maxStale / time.Millisecond), format: "%.1f",
			quotients: all("near-cache/lag ms/%s", "", "idle", "loaded")},
		{text: "SQLite: `Manager.Validate` ≥ 0.85 × the prepared SELECT (by clients)", least: 0.85, quotients: over("limits/SQLite/%s", "1", "8", "64")},
		{text: "the same, where the SELECT has a deadline as ours has", least: 0.85, quotients: over("limits/SQLite, bounded/%s", "1", "8", "64")},
		{text: "PostgreSQL: `Manager.Validate` ≥ 0.85 × the prepared SELECT (by clients)", least: 0.85, quotients: over("limits/PostgreSQL/%s", "1", "8", "64")},
		{text: "the same, where the SELECT has a deadline as ours has", least: 0.85, quotients: over("limits/PostgreSQL, bounded/%s", "1", "8", "64")},
		{text: "Memcached: `Manager.Validate` ≥ 0.9 × the raw client's get (by clients)", least: 0.9, quotients: over("limits/Memcached/%s", "1", "8", "64")},
	}
	for _, store := range []string{"Redis", "Memcached"} {
		ts = append(ts, target{text: store + ": cost per operation at 10⁶ sessions ≤ 1.2 × that at 10³", most: 1.2,
			quotients: all("growth/"+store+"/%s/1000000/time", "growth/"+store+"/%s/1000/time", growing(store)...)})
	}
	for _, store := range []string{"SQLite", "PostgreSQL"} {
		ts = append(ts, target{text: store + ": as many statements at 10⁶ as at 10³, times", least: 1, most: 1,
			quotients: all("growth/"+store+"/%s/1000000/commands", "growth/"+store+"/%s/1000/commands", growing(store)...)})
	}
	ts = append(ts, target{text: "PostgreSQL: as many rows touched at 10⁶ as at 10³, times (a page may begin at an edge: ± 5 %)", least: 0.95, most: 1.05,
		quotients: all("growth/PostgreSQL/%s/1000000/rows", "growth/PostgreSQL/%s/1000/rows", growing("PostgreSQL")...)})
	return append(ts,
		target{text: "a sweep of 10⁶ expired sessions delays no validation by 5 ms: the longest one, in ms", most: 5, format: "%.1f",
			quotients: all("sweep/%s/longest ms", "", "memory", "Redis", "SQLite", "PostgreSQL")},
		target{text: "six failures: all passed on every store of ours", least: 1, most: 1, format: "%.0f",
			quotients: []quotient{{label: "passed ÷ run", of: "failures/ours passed", to: "failures/ours"}}},
	)
}

// judge returns what was measured and the verdict.
func (g target) judge(found map[string]float64) (values, verdict string) {
	var seen []string
	kept, missing := true, false
	format := g.format
	if format == "" {
		format = "%.2f"
	}
	for _, q := range g.quotients {
		v, there := found[q.of]
		if q.to != "" {
			to, both := found[q.to]
			there = there && both
			v /= to
		}
		if q.inverse {
			v = 1 / v
		}
		if !there || math.IsNaN(v) || math.IsInf(v, 0) {
			missing = true
			seen = append(seen, q.label+": –")
			continue
		}
		kept = kept && (g.least == 0 || v >= g.least) && (g.most == 0 || v <= g.most)
		seen = append(seen, q.label+": "+fmt.Sprintf(format, v))
	}
	values = strings.Join(slices.Compact(seen), ", ")
	switch {
	case !kept:
		return values, "**missed**"
	case missing:
		return values, "not all measured"
	}
	return values, "holds"
}

// TestTargets judges the figures in the folder of -write, which the tests before
// put there.
func TestTargets(t *testing.T) {
	needsMeasure(t)
	found := figures(t)
	table := newTable("target", "measured", "verdict")
	for _, g := range targets() {
		values, verdict := g.judge(found)
		table.add(g.text, values, verdict)
	}
	publish(t, "targets", table.String())
}
