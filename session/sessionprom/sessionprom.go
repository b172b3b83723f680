// Package sessionprom shows sessions to Prometheus: a collector that hears a manager's events,
// times a store's calls, and reads the counts of both.
//
//	metrics := sessionprom.New(sessionprom.Config{})
//	manager, err := session.New(metrics.Wrap(store), session.Config{OnEvent: metrics.OnEvent, …})
//	…
//	metrics.Watch(manager)
//	prometheus.MustRegister(metrics)
//
// No label holds a text that a user or a caller made up, so the number of series is bounded. Where
// one process has two managers, register the collector of each with prometheus.WrapRegistererWith.
package sessionprom

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/go-crudadmin/crudadmin/session"
)

// Config says what the collector shows. The zero value is ready to use.
type Config struct {
	// OnEvent, if set, is called after each event was counted, so that a manager
	// can have metrics and an audit log.
	OnEvent func(context.Context, session.Event) `json:"-"`

	// Live, if set, tells how many sessions are stored, those that expired and were
	// not swept included. It is called at each scrape, with a second of time; where
	// it fails the number is absent. It should cost the same however many there are,
	// as redisstore.Store.Stored does.
	Live func(context.Context) (int, error) `json:"-"`
}

// liveTimeout bounds Config.Live.
const liveTimeout = time.Second

// prefix begins the names of all metrics.
const prefix = "crudadmin_session_"

// Collector is a prometheus.Collector of sessions. It is safe for use by many
// goroutines.
type Collector struct {
	cfg     Config
	manager atomic.Pointer[session.Manager]

	created, renewed, elevated, throttled, alerts prometheus.Counter
	ended                                         *prometheus.CounterVec
	reasons                                       map[session.Reason]prometheus.Counter
	otherReason                                   prometheus.Counter

	seconds *prometheus.HistogramVec
	swept   *prometheus.CounterVec
}

var _ prometheus.Collector = (*Collector)(nil)

// reasons are the labels of endings; any other reason is "other".
var reasons = []session.Reason{
	session.ReasonLogout, session.ReasonRevoked, session.ReasonLimitReached, session.ReasonIdleTimeout, session.ReasonAbsoluteTimeout,
	session.ReasonPasswordChanged, session.ReasonUserDisabled, session.ReasonRoleChanged, session.ReasonRotated, session.ReasonUndecodable,
}

// buckets reach from a read on the same machine to a call that ends by the
// manager's default StoreTimeout of 2 seconds.
var buckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}

// New returns a collector that has counted nothing yet.
func New(cfg Config) *Collector {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
	}
	c := &Collector{
		cfg:       cfg,
		created:   counter("created_total", "Sessions created."),
		renewed:   counter("renewed_total", "Tokens replaced because they were old, the session staying."),
		elevated:  counter("elevated_total", "Tokens replaced because what the session may do changed, the session staying."),
		throttled: counter("logins_throttled_total", "Login attempts refused because too many had failed."),
		alerts:    counter("login_alerts_total", "Accounts found to be guessed at, each at most once in a window of the throttle."),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "ended_total", Help: "Sessions ended by a call, by reason. Those that expire are not; see swept.",
		}, []string{"reason"}),
		reasons: map[session.Reason]prometheus.Counter{},
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "store_seconds", Help: "How long calls of the store took, failed ones included.", Buckets: buckets,
		}, []string{"store", "operation"}),
		swept: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: prefix + "store_swept_total", Help: "Expired sessions removed from the store by this process.",
		}, []string{"store"}),
	}
	for _, reason := range reasons {
		c.reasons[reason] = c.ended.WithLabelValues(string(reason))
	}
	c.otherReason = c.ended.WithLabelValues("other")
	return c
}

// OnEvent counts an event. It is for session.Config.OnEvent.
func (c *Collector) OnEvent(ctx context.Context, e session.Event) {
	switch e.Kind {
	case session.EventCreated:
		c.created.Inc()
	case session.EventRenewed:
		c.renewed.Inc()
	case session.EventElevated:
		c.elevated.Inc()
	case session.EventThrottled:
		c.throttled.Inc()
	case session.EventAlert:
		c.alerts.Inc()
	case session.EventEnded:
		ended := c.reasons[e.Ending.Reason]
		if ended == nil {
			ended = c.otherReason
		}
		ended.Add(float64(max(e.Count, 1)))
	}
	if c.cfg.OnEvent != nil {
		c.cfg.OnEvent(ctx, e)
	}
}

// Watch makes the collector show the manager's counts, of answers and of touches saved, and the
// store's Report.
func (c *Collector) Watch(m *session.Manager) { c.manager.Store(m) }

// The metrics that are read at each scrape.
var (
	liveDesc = prometheus.NewDesc(prefix+"live",
		"Sessions stored, expired ones included until they are swept; absent where the store cannot tell.", nil, nil)
	validationsDesc = prometheus.NewDesc(prefix+"validations_total",
		"Validations by answer: valid, invalid, or unavailable where the store could not say.", []string{"answer"}, nil)
	touchesSavedDesc = prometheus.NewDesc(prefix+"touches_saved_total",
		"Validations that wrote nothing because the session had been seen within the touch interval.", nil, nil)
	countsDesc   = prometheus.NewDesc(prefix+"store_counts_total", "What the store has counted, such as near_cache_hits of Redis, evictions of Memcached, pool_waits of a database or cache_drifted of a hybrid store.", []string{"count"}, nil)
	degradedDesc = prometheus.NewDesc(prefix+"store_degraded", "1 while something of the store does not hold, which the panel's health page says in words.", nil, nil)
)

// stored are the metrics that are kept between scrapes.
func (c *Collector) stored() []prometheus.Collector {
	return []prometheus.Collector{c.created, c.renewed, c.elevated, c.throttled, c.alerts, c.ended, c.seconds, c.swept}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, one := range c.stored() {
		one.Describe(ch)
	}
	for _, desc := range []*prometheus.Desc{liveDesc, validationsDesc, touchesSavedDesc, countsDesc, degradedDesc} {
		ch <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	var all sync.WaitGroup
	if c.cfg.Live != nil {
		all.Go(func() { c.collectLive(ch) })
	}
	for _, one := range c.stored() {
		one.Collect(ch)
	}
	show := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
	}
	if m := c.manager.Load(); m != nil {
		s := m.Stats()
		show(validationsDesc, prometheus.CounterValue, float64(s.Valid), "valid")
		show(validationsDesc, prometheus.CounterValue, float64(s.Invalid), "invalid")
		show(validationsDesc, prometheus.CounterValue, float64(s.Unavailable), "unavailable")
		show(touchesSavedDesc, prometheus.CounterValue, float64(s.TouchesSaved))
		if tell := m.Traits().Report; tell != nil {
			report := tell()
			degraded := 0.0
			if report.Warning != "" {
				degraded = 1
			}
			show(degradedDesc, prometheus.GaugeValue, degraded)
			for _, count := range report.Counters {
				show(countsDesc, prometheus.CounterValue, float64(count.N), count.Name)
			}
		}
	}
	all.Wait()
}

func (c *Collector) collectLive(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), liveTimeout)
	defer cancel()
	if n, err := c.cfg.Live(ctx); err == nil {
		ch <- prometheus.MustNewConstMetric(liveDesc, prometheus.GaugeValue, float64(n))
	}
}
