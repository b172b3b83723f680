// The limits: Manager.Validate against the least that could be done.

package bench

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/redis/rueidis"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/testserver"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	ourmemory "github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
)

// known is how many sessions there are to validate.
const known = 1000

// manage returns a manager of the sessions in a store, and the store's end.
func manage(t testing.TB, store session.Store, cfg session.Config) *session.Manager {
	t.Helper()
	t.Cleanup(func() { _ = store.Close() })
	cfg.SecretKey, cfg.Logger = secretKey, discard()
	return must[*session.Manager](t)(session.New(store, cfg))
}

// signIn makes known sessions as logins do.
func signIn(t testing.TB, m *session.Manager) []session.Token {
	t.Helper()
	tokens := make([]session.Token, known)
	for i := range tokens {
		token, _, err := m.Create(t.Context(), visitor(fmt.Sprint("user ", i)))
		if err != nil {
			t.Fatal(err)
		}
		tokens[i] = token
	}
	return tokens
}

// limit is a store of ours and the least that it could do, in a race.
type limit struct {
	store, raw  string
	least, ours func(client, n int)
	many        int // done in one go, so that the clock between two does not count; 0 is 1

	// bounded is the least that comes back when the server does not, as ours does; nil
	// where it is not measured.
	bounded func(client, n int)
}

// validating is the work of validating tokens.
func validating(t testing.TB, m *session.Manager, tokens []session.Token) func(client, n int) {
	return func(client, n int) {
		if _, err := m.Validate(context.Background(), tokens[(n+client*17)%len(tokens)]); err != nil {
			complain(t, "%v", err)
		}
	}
}

// TestLimits compares Manager.Validate with the least that it could be.
func TestLimits(t *testing.T) {
	needsMeasure(t)
	begun := began()
	table := newTable("store", "clients", "the least", "µs", "allocations", "Validate µs", "allocations", "time ÷ the least")
	picture := chart{title: "Manager.Validate over the least that could be done", unit: "time ÷ the least"}
	for _, one := range []struct {
		store string
		make  func(testing.TB) limit
	}{
		{"memory", leastMemory}, {"Redis", leastRedis}, {"Memcached", leastMemcached}, {"SQLite", leastSQLite},
		{"PostgreSQL", leastPostgres}, {"Redis + PostgreSQL", leastHybrid}, {"Redis, near-cache", leastNear},
	} {
		if *only != "" && !strings.EqualFold(*only, one.store) {
			continue
		}
		t.Run(one.store, func(t *testing.T) {
			l := one.make(t)
			many := float64(max(l.many, 1))
			for _, clients := range []int{1, 8, 64} {
				works := []work{{do: l.ours}, {do: l.least}}
				if l.bounded != nil {
					works = append(works, work{do: l.bounded})
				}
				costs := race(clients, works...)
				our := costs[0]
				for i, least := range costs[1:] {
					quotient := our.nanoseconds / least.nanoseconds
					table.add(one.store, clients, l.raw+[]string{"", ", with a deadline"}[i], micros(least.nanoseconds/many), fmt.Sprintf("%.1f", least.allocations/many),
						micros(our.nanoseconds/many), fmt.Sprintf("%.1f", our.allocations/many), fmt.Sprintf("%.2f", quotient))
					figure(t, fmt.Sprintf("limits/%s/%d", one.store+[]string{"", ", bounded"}[i], clients), quotient)
				}
				picture.bar(one.store, plural(clients, "client"), our.nanoseconds/costs[1].nanoseconds)
			}
		})
	}
	publish(t, "limits", begun+table.String()+"\n"+draw(t, "limits", picture.svg(), picture.title))
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprint(n, " ", what)
}

func leastMemory(t testing.TB) limit {
	m := manage(t, ourmemory.New(ourmemory.Config{}), session.Config{})
	tokens := signIn(t, m)
	raw := map[[sha256.Size]byte]*session.Session{}
	secrets := make([][48]byte, known)
	for i, token := range tokens {
		s, err := m.Validate(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		copy(secrets[i][:], token.Reveal())
		raw[sha256.Sum256(secrets[i][:])] = &s
	}
	const many = 64
	validate := validating(t, m, tokens)
	return limit{raw: "SHA-256 and map load", many: many, least: func(client, n int) {
		for i := range many {
			if raw[sha256.Sum256(secrets[(n*many+i+client*17)%known][:])] == nil {
				complain(t, "not there")
			}
		}
	}, ours: func(client, n int) {
		for i := range many {
			validate(client, n*many+i)
		}
	}}
}

// rawRedis gets records by their keys with the client as it comes, but without a
// cache.
func rawRedis(t testing.TB, server *testserver.RedisServer) func(client, n int) {
	t.Helper()
	client := must[rueidis.Client](t)(rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr}, DisableCache: true, ForceSingleClient: true}))
	t.Cleanup(client.Close)
	ctx := context.Background()
	all := must[[]string](t)(client.Do(ctx, client.B().Keys().Pattern("*").Build()).AsStrSlice())
	var keys []string
	for _, key := range all {
		if kind, err := client.Do(ctx, client.B().Type().Key(key).Build()).ToString(); err != nil || kind == "string" {
			keys = append(keys, key)
		}
	}
	if len(keys) != known {
		t.Fatalf("%d records in Redis, want %d", len(keys), known)
	}
	return func(c, n int) {
		record, err := client.Do(context.Background(), client.B().Get().Key(keys[(n+c*17)%known]).Build()).AsBytes()
		if err != nil || len(record) == 0 {
			complain(t, "not there: %v", err)
		}
	}
}

func leastRedis(t testing.TB) limit {
	server := redisServer(t)
	m := manage(t, openRedis(t, server, options{}), session.Config{})
	tokens := signIn(t, m)
	return limit{raw: "rueidis GET", least: rawRedis(t, server), ours: validating(t, m, tokens)}
}

func leastMemcached(t testing.TB) limit {
	server := testserver.Memcached(t, testserver.MemcachedOptions{})
	m := manage(t, must[*memcachestore.Store](t)(memcachestore.Open(t.Context(), memcachestore.Config{
		Servers: []string{server.Addr}, PoolSize: poolSize, Logger: discard(),
	})), session.Config{})
	tokens := signIn(t, m)
	client := memcache.New(server.Addr)
	client.MaxIdleConns = 64
	t.Cleanup(func() { _ = client.Close() })
	keys := memcachedKeys(t, server)
	if len(keys) != known {
		t.Fatalf("%d items, want %d", len(keys), known)
	}
	for i := range keys {
		keys[i] = unescape(keys[i])
	}
	return limit{raw: "gomemcache Get", least: func(c, n int) {
		if _, err := client.Get(keys[(n+c*17)%known]); err != nil {
			complain(t, "%v", err)
		}
	}, ours: validating(t, m, tokens)}
}

func leastSQLite(t testing.TB) limit {
	path, heard := newFile(t), &counter{}
	return leastSQL(t, openSQLite(t, path, options{}), openSQLite(t, path, options{count: heard}), heard)
}

func leastPostgres(t testing.TB) limit {
	_, url := postgres(t, options{})
	heard := &counter{}
	db := openSQL(t, "pgx", url)
	return leastSQL(t, db, countSQL(t, db, url, heard), heard)
}

// leastSQL asks the very statement that Validate asks, prepared, and scans the row.
func leastSQL(t testing.TB, db, counted *sql.DB, heard *counter) limit {
	t.Helper()
	m := manage(t, must[*sqlstore.Store](t)(sqlstore.Open(t.Context(), db, sqlstore.Config{Logger: discard()})), session.Config{})
	tokens := signIn(t, m)
	spied := manage(t, must[*sqlstore.Store](t)(sqlstore.Open(t.Context(), counted, sqlstore.Config{Logger: discard()})), session.Config{})
	if _, err := spied.Validate(t.Context(), tokens[0]); err != nil {
		t.Fatal(err)
	}
	query, named := heard.heardSelect(t)
	args := make([]any, len(named))
	at := -1
	first := tokens[0].ID()
	for i, v := range named {
		args[i] = v.Value
		if raw, is := v.Value.([]byte); is && bytes.Equal(raw, first[:]) {
			at = i
		}
	}
	if at < 0 {
		t.Fatalf("no ID among the arguments of %s", query)
	}
	stmt := must[*sql.Stmt](t)(db.PrepareContext(t.Context(), query))
	t.Cleanup(func() { _ = stmt.Close() })
	rows := must[*sql.Rows](t)(stmt.QueryContext(t.Context(), args...))
	columns := must[[]string](t)(rows.Columns())
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	ids := make([][]byte, known)
	for i, token := range tokens {
		id := token.ID()
		ids[i] = id[:]
	}
	raw := func(ctx context.Context, c, n int) {
		mine := slices.Clone(args)
		mine[at] = ids[(n+c*17)%known]
		row := make([]any, 2*len(columns))
		into := row[len(columns):]
		for i := range into {
			into[i] = &row[i]
		}
		if err := stmt.QueryRowContext(ctx, mine...).Scan(into...); err != nil {
			complain(t, "%v", err)
		}
	}
	return limit{raw: fmt.Sprintf("prepared SELECT, %d columns scanned", len(columns)), least: func(c, n int) {
		raw(context.Background(), c, n)
	}, bounded: func(c, n int) {
		ctx, cancel := context.WithTimeout(context.Background(), m.Rules().StoreTimeout)
		defer cancel()
		raw(ctx, c, n)
	}, ours: validating(t, m, tokens)}
}

func leastHybrid(t testing.TB) limit {
	server := redisServer(t)
	_, url := postgres(t, options{})
	store := openHybrid(t, openRedis(t, server, options{}), openSQL(t, "pgx", url), hybridstore.Config{Logger: discard()})
	m := manage(t, store, session.Config{})
	tokens := signIn(t, m)
	for _, token := range tokens { // records enter the cache in the background
		if _, err := m.Validate(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 {
		if n, err := server.Do("DBSIZE"); err == nil && n == int64(known) {
			break
		}
		<-time.After(10 * time.Millisecond)
	}
	return limit{raw: "rueidis GET", least: rawRedis(t, server), ours: validating(t, m, tokens)}
}

// leastNear is the other way round: our plain Validate is the least, and the
// near-cache is to be faster.
func leastNear(t testing.TB) limit {
	server := redisServer(t)
	plain := manage(t, openRedis(t, server, options{}), session.Config{})
	near := manage(t, must[*redisstore.Store](t)(redisstore.Open(t.Context(), redisstore.Config{
		URL: config.Secret(server.URL()), PoolSize: poolSize, NearCache: maxStale, Logger: discard(),
	})), session.Config{})
	tokens := signIn(t, plain)
	return limit{raw: "our Validate without it", least: validating(t, plain, tokens), ours: validating(t, near, tokens)}
}

// maxStale is what the near-cache is set to where it is measured.
const maxStale = 5 * time.Second
