// Every Config of this module: one order of fields, errors that name each wrong field,
// and no secret in print.

package config_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/backend"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/internal/data"
	"github.com/go-crudadmin/crudadmin/internal/frame"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/session/hybridstore"
	"github.com/go-crudadmin/crudadmin/session/memcachestore"
	"github.com/go-crudadmin/crudadmin/session/memstore"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
	"github.com/go-crudadmin/crudadmin/session/sessionhttp"
	"github.com/go-crudadmin/crudadmin/session/sqlstore"
)

// validator is what every Config is.
type validator interface{ Validate() error }

var db = new(sql.DB) // nobody asks it

// configs are all Configs, each as it can be used.
func configs() map[string]validator {
	const key = "a key of 32 bytes, for tests only"
	return map[string]validator{
		"session":        session.Config{SecretKey: key},
		"sessionhttp":    sessionhttp.Config{},
		"memstore":       memstore.Config{},
		"memstore.Cache": memstore.CacheConfig{},
		"redisstore":     redisstore.Config{},
		"memcachestore":  memcachestore.Config{},
		"sqlstore":       sqlstore.Config{},
		"hybridstore":    hybridstore.Config{},
		"backend":        backend.Config{Kind: backend.Redis, Fallback: backend.Memcached, TrackInDB: true, DB: db},
		"account":        account.Config{Argon2: account.DefaultArgon2},
		"account.Argon2": account.DefaultArgon2,
		"data":           data.Config{},
		"frame.Gate":     frame.GateConfig{},
		"crudadmin":      crudadmin.Config{DB: db, AdminDB: db, SecretKey: key, Accounts: account.Config{Argon2: account.DefaultArgon2}},
	}
}

// elsewhere are fields that the Validate of another package looks at: Rules of
// backend.Config are for session.New. Tables by name are found wrong by data.Open, which
// knows the tables.
var elsewhere = []string{"backend.Rules", "crudadmin.SessionRules.SecretKey", "crudadmin.Rights", "data.Tables", "crudadmin.Tables.Tables"}

// number is one numeric field of a Config: how to set it.
type number struct {
	path  string // as a FieldError has it
	index []int
	typ   reflect.Type
}

// numbers finds the numeric and duration fields of a struct, those of structs in it too.
func numbers(t reflect.Type, name, path string, index []int) (out []number) {
	for i := range t.NumField() {
		f := t.Field(i)
		at := strings.TrimPrefix(path+"."+f.Name, ".")
		if !f.IsExported() || slices.Contains(elsewhere, name+"."+at) {
			continue
		}
		below := append(slices.Clone(index), i)
		switch f.Type.Kind() {
		case reflect.Struct:
			out = append(out, numbers(f.Type, name, at, below)...)
		case reflect.Int, reflect.Int64, reflect.Uint8, reflect.Uint32, reflect.Float64:
			out = append(out, number{at, below, f.Type})
		}
	}
	return out
}

// set returns a copy of the Config with its numeric field at an extreme.
func (n number) set(cfg validator, extreme string) (changed validator, ok bool) {
	v := reflect.New(reflect.TypeOf(cfg)).Elem()
	v.Set(reflect.ValueOf(cfg))
	f := v.FieldByIndex(n.index)
	switch f.Kind() {
	case reflect.Uint8, reflect.Uint32:
		if extreme == "negative" {
			return nil, false
		}
		f.SetUint(map[reflect.Kind]uint64{reflect.Uint8: math.MaxUint8, reflect.Uint32: math.MaxUint32}[f.Kind()])
	case reflect.Int, reflect.Int64:
		f.SetInt(map[string]int64{"negative": -7_777_777_777, "too large": math.MaxInt64 / 4}[extreme])
	default:
		f.SetFloat(math.Inf(1))
	}
	return v.Interface().(validator), true
}

func names(err error) (out []string) {
	for _, e := range config.Fields(err) {
		out = append(out, e.Field)
	}
	return out
}

// TestEveryNumberHasBounds: each numeric field of each Config, negative and too large, is
// one field error that names it; two wrong fields are two.
func TestEveryNumberHasBounds(t *testing.T) {
	t.Parallel()
	tried, pairs := 0, 0
	for name, cfg := range configs() {
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: the Config to begin with: %v", name, err)
			continue
		}
		all := numbers(reflect.TypeOf(cfg), name, "", nil)
		for i, n := range all {
			for _, extreme := range []string{"negative", "too large"} {
				changed, ok := n.set(cfg, extreme)
				if !ok {
					continue
				}
				tried++
				err := changed.Validate()
				if got := names(err); !slices.Equal(got, []string{n.path}) {
					t.Errorf("%s: %s, which is %s, gives errors of %q: %v", name, n.path, extreme, got, err)
					continue
				}
				wrong := config.Fields(err)[0]
				if !strings.HasPrefix(wrong.Problem, "want ") || wrong.Value == "" {
					t.Errorf("%s: %v, which does not say what it is and what is wanted", name, wrong)
				}
				for _, other := range all[i+1:] {
					both, ok := other.set(changed, "too large")
					if !ok {
						continue
					}
					pairs++
					if got := names(both.Validate()); !slices.Contains(got, n.path) || !slices.Contains(got, other.path) {
						t.Errorf("%s: %s and %s are wrong, and the errors are of %q", name, n.path, other.path, got)
					}
				}
			}
		}
		if len(all) == 0 && !slices.Contains([]string{"sessionhttp", "memstore"}, name) {
			t.Errorf("%s: no numeric field was found", name)
		}
	}
	t.Logf("%d wrong fields, %d pairs of them, in %d Configs", tried, pairs, len(configs()))
}

// TestOrderOfFields: hooks come behind everything else, then Now, then Logger.
func TestOrderOfFields(t *testing.T) {
	t.Parallel()
	for name, cfg := range configs() {
		typ := reflect.TypeOf(cfg)
		last := 0
		for i := range typ.NumField() {
			f := typ.Field(i)
			if !f.IsExported() {
				continue
			}
			rank := 0
			switch {
			case f.Name == "Now":
				rank = 2
			case f.Name == "Logger":
				rank = 3
			case f.Name == "Credentials": // belongs to the connection
			case f.Type.Kind() == reflect.Func, f.Name == "Random":
				rank = 1
			}
			if rank < last {
				t.Errorf("%s: %s stands behind what comes later: hooks, Now, Logger", name, f.Name)
			}
			last = max(last, rank)
		}
	}
}

// canary is a secret that no print may show.
const canary = "canary-pa55word-0123456789abcdefgh"

// forms are how a print could show it.
func forms() []string {
	raw := []byte(canary)
	return []string{
		canary, hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)), base64.StdEncoding.EncodeToString(raw)[:32],
		strings.Trim(fmt.Sprint(raw), "[]"), strings.Trim(fmt.Sprintf("%o", raw), "[]"), strings.Trim(fmt.Sprintf("%b", raw), "[]"), strconv.QuoteToASCII(canary),
	}
}

// fill puts the canary into every field of the type Secret, and counts them.
func fill(v reflect.Value) (n int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Field(i).CanSet() {
				n += fill(v.Field(i))
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[config.Secret]() {
			v.SetString(canary)
			n++
		}
	}
	return n
}

// prints are whatever prints a value. The verbs p and w ask no value how it wants to be
// printed, as the comment of Secret says.
func prints(v any) []string {
	var log bytes.Buffer
	for _, handler := range []slog.Handler{
		slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil),
	} {
		slog.New(handler).With("with", v).WithGroup("g").Info(fmt.Sprint(v), "value", v, "inside", struct{ C any }{v}, slog.Group("group", "v", v))
	}
	out := []string{log.String(), fmt.Sprint(v), fmt.Sprintln(v), fmt.Errorf("%v", v).Error()}
	for _, flags := range []string{"", "+", "#", "-20", "080", " ", "+.5"} {
		for verb := 'A'; verb <= 'z'; verb++ {
			if verb == 'p' || verb == 'w' || verb > 'Z' && verb < 'a' {
				continue
			}
			out = append(out, fmt.Sprintf("%"+flags+string(verb), v))
		}
	}
	for _, tooFew := range []string{"no verb"} { // an argument too many is printed too
		out = append(out, fmt.Sprintf(tooFew, v))
	}
	return out
}

// TestNoConfigPrintsASecret: by no verb, by slog, by JSON, alone, as a pointer, in a
// list, in a map or in another struct.
func TestNoConfigPrintsASecret(t *testing.T) {
	t.Parallel()
	secrets, texts := 0, 0
	for name, cfg := range configs() {
		filled := reflect.New(reflect.TypeOf(cfg))
		filled.Elem().Set(reflect.ValueOf(cfg))
		n := fill(filled.Elem())
		secrets += n
		value := filled.Elem().Interface()
		all := []any{value, filled.Interface(), []any{value}, map[string]any{"k": value}, struct{ C any }{value}, []*any{&value}}
		var shown []string
		for _, v := range all {
			shown = append(shown, prints(v)...)
		}
		asJSON, err := json.Marshal(map[string]any{"value": value, "pointer": filled.Interface()})
		if err != nil {
			t.Errorf("%s: JSON: %v", name, err)
		}
		indented, _ := json.MarshalIndent(all, "", " ")
		shown = append(shown, string(asJSON), string(indented))
		for _, text := range shown {
			texts++
			for _, form := range forms() {
				if strings.Contains(text, form) {
					t.Fatalf("%s: a secret is printed: %.300s", name, text)
				}
			}
		}
		if n > 0 && !strings.Contains(fmt.Sprint(value), "***") {
			t.Errorf("%s: nothing says that there is a secret: %.300s", name, fmt.Sprint(value))
		}
		if err := value.(validator).Validate(); err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error of Validate shows a secret", name)
		}
	}
	t.Logf("%d fields with a secret, %d prints", secrets, texts)
	if secrets < 10 {
		t.Errorf("only %d secrets were found", secrets)
	}
}

// TestWhatIsASecretHasTheType: a field whose name says that it is secret has the type
// Secret.
func TestWhatIsASecretHasTheType(t *testing.T) {
	t.Parallel()
	for name, cfg := range configs() {
		typ := reflect.TypeOf(cfg)
		for i := range typ.NumField() {
			f := typ.Field(i)
			for _, word := range []string{"password", "secret", "token", "key"} {
				if k := f.Type.Kind(); strings.Contains(strings.ToLower(f.Name), word) && (k == reflect.String || k == reflect.Slice) && f.Type != reflect.TypeFor[config.Secret]() {
					t.Errorf("%s.%s is a %s, want a config.Secret", name, f.Name, f.Type)
				}
			}
		}
	}
}

// TestWrongTexts: what is wrong with texts and lists is a field error too, all at once.
func TestWrongTexts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  validator
		want []string
	}{
		"redis": {redisstore.Config{URL: "http://x", Host: "a b", Username: "ada", Sentinels: []string{"x"}, Cluster: []string{"y:1", "z"}, Prefix: "{"},
			[]string{"URL", "Host", "Prefix", "Password", "Sentinels[0]", "Cluster[1]", "Sentinels"}},
		"memcached": {memcachestore.Config{Servers: []string{"x", "a:1", "a:1"}, Host: "a b", Password: "p q", Prefix: " "},
			[]string{"Servers[0]", "Servers[2]", "Host", "Prefix", "Username", "Password"}},
		"http": {sessionhttp.Config{CookieName: "__Host-x", Path: "x", Domain: "x", SameSite: 77, ForwardedHeader: "Via", TrustedProxies: make([]netip.Prefix, 1), Partitioned: true},
			[]string{"CookieName", "Path", "Domain", "SameSite", "Partitioned", "ForwardedHeader", "TrustedProxies[0]"}},
		"backend": {backend.Config{Kind: "nosql", Fallback: "nosql", TrackInDB: true, SecretKey: "short", Hybrid: hybridstore.Config{MaxTouches: -1}},
			[]string{"Kind", "Fallback", "SecretKey", "DB", "Hybrid.MaxTouches"}},
		"backend's parts": {backend.Config{Kind: backend.Redis, Fallback: backend.Memcached, Redis: redisstore.Config{Port: -1, Cluster: []string{"x"}}, Memcached: memcachestore.Config{Port: -1}},
			[]string{"Redis.Port", "Redis.Cluster[0]", "Memcached.Port"}},
		"crudadmin": {crudadmin.Config{
			MountPath: "admin/", CookieName: "a b", AllowedHosts: []string{"ok.example", "http://x"}, AllowedNetworks: make([]netip.Prefix, 1), PublicURL: "x",
			TrustedProxies: make([]netip.Prefix, 1), SessionRules: session.Config{IdleTimeout: -1}, Accounts: account.Config{MaxHashes: -1}, Tables: data.Config{BulkTimeout: -1},
		}, []string{
			"DB", "AdminDB", "SecretKey", "MountPath", "AllowedNetworks[0]", "AllowedHosts[1]", "PublicURL", "CookieName", "TrustedProxies[0]",
			"SessionRules.IdleTimeout", "Accounts.MaxHashes", "Tables.BulkTimeout",
		}},
	} {
		err := c.cfg.Validate()
		if got := names(err); !slices.Equal(got, c.want) {
			t.Errorf("%s: errors of %q, want %q:\n%v", name, got, c.want, err)
		}
		if err != nil && strings.Count(err.Error(), "\n") != len(c.want) {
			t.Errorf("%s: not a line for each field:\n%v", name, err)
		}
	}
}

// TestOpenAndNewSayTheSame: what a constructor says of a wrong Config are the field errors
// of Validate, before it asks anybody.
func TestOpenAndNewSayTheSame(t *testing.T) {
	t.Parallel()
	store := memstore.New(memstore.Config{})
	for name, made := range map[string]func() error{
		"session":    func() error { _, err := session.New(store, session.Config{TouchWait: -1}); return err },
		"redisstore": func() error { _, err := redisstore.Open(t.Context(), redisstore.Config{Port: -1, DB: -1}); return err },
		"memcachestore": func() error {
			_, err := memcachestore.Open(t.Context(), memcachestore.Config{Port: -1, MaxItem: -1})
			return err
		},
		"sqlstore": func() error {
			_, err := sqlstore.Open(t.Context(), db, sqlstore.Config{KeepEnded: -1, Grace: -1})
			return err
		},
		"backend": func() error {
			_, err := backend.Open(t.Context(), backend.Config{Kind: "a", Fallback: "b"})
			return err
		},
		"account": func() error {
			_, err := account.Open(t.Context(), db, account.Config{MaxHashes: -1, Timeout: -1})
			return err
		},
		"data": func() error {
			_, err := data.Open(t.Context(), db, data.Config{QueryTimeout: -1, BulkTimeout: -1})
			return err
		},
		"crudadmin": func() error { _, err := crudadmin.New(t.Context(), crudadmin.Config{Sessions: store}); return err },
	} {
		err := made()
		if got := names(err); len(got) < 2 {
			t.Errorf("%s: %v, want a field error for each of two fields and more", name, err)
		}
		if !strings.Contains(fmt.Sprint(err), ": configuration:\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
