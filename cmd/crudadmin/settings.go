package main

// This file holds the settings that come from environment variables, their defaults and their ranges.

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/session"
)

// secret is a text that formats as a mark, so that no log or error shows it.
type secret struct{ text string }

func (secret) String() string   { return "[secret]" }
func (secret) GoString() string { return "[secret]" }

// settings are the variables, read and checked. An unset variable and an empty one are the same.
type settings struct {
	Environment string // ENVIRONMENT: development (default), staging or production
	DataDir     string // --data-dir, DATA_DIR

	SecretKey      secret         // ADMIN_SECRET_KEY: at least 32 bytes; empty only outside production
	AdminDatabase  string         // ADMIN_DATABASE_URL, the path; default: admin.db in DATA_DIR
	AdminUsername  string         // ADMIN_USERNAME: admin
	AdminPassword  secret         // ADMIN_PASSWORD: 12 to 256 characters; empty: one is generated
	MountPath      string         // MOUNT_PATH: /admin; no slash at the end, "/" is the root
	SecureCookies  bool           // SECURE_COOKIES: off in development, else on
	TrustedProxies []netip.Prefix // TRUSTED_PROXIES: none

	SessionBackend string        // SESSION_BACKEND: memory (default) or database
	IdleTimeout    time.Duration // SESSION_TIMEOUT_MINUTES: 30
	Lifetime       time.Duration // SESSION_MAX_LIFETIME_MINUTES: 720, or the timeout where that is longer
	MaxPerUser     int           // MAX_SESSIONS_PER_USER: 5; session.Unlimited for the word unlimited
	RefuseOver     bool          // SESSION_LIMIT_POLICY: evict (default) or reject
	SweepInterval  time.Duration // CLEANUP_INTERVAL_MINUTES: 15

	LogLevels logLevels // LOG_LEVEL: info

	Warnings []string // what production would refuse and staging does not
}

// The bounds of the variables that are numbers.
const (
	maxSessionMinutes = 400 * 24 * 60 // the longest a browser keeps a cookie
	maxCleanupMinutes = 24 * 60
	maxValue          = 4096 // bytes of any variable
	maxProxies        = 256
)

// laterVariables are of features that this version does not have: set, they refuse to start, since ignoring
// them would promise what is not kept.
var laterVariables = []string{
	"REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_DB", "REDIS_USERNAME", "REDIS_PASSWORD", "REDIS_POOL_SIZE", "REDIS_CONNECT_TIMEOUT",
	"REDIS_SENTINELS", "REDIS_SENTINEL_MASTER", "REDIS_CLUSTER", "REDIS_TLS", "REDIS_CA_FILE",
	"MEMCACHED_SERVERS", "MEMCACHED_HOST", "MEMCACHED_PORT", "MEMCACHED_POOL_SIZE", "MEMCACHED_USERNAME", "MEMCACHED_PASSWORD", "MEMCACHED_TLS",
	"TRACK_SESSIONS_IN_DB", "SESSION_LOCAL_CACHE_SECONDS", "SESSION_PREFIX", "STORE_TIMEOUT_MS",
	"ENFORCE_HTTPS", "ALLOWED_IPS", "ALLOWED_NETWORKS", "TRACK_EVENTS",
}

// readSettings reads and checks every variable. All that are wrong are in the one error, each by its name,
// with its value (a secret's never) and what is allowed.
func readSettings(getenv func(string) string, dataDir string) (settings, error) {
	v := &variables{getenv: getenv}
	s := settings{DataDir: dataDir}
	if dataDir == "" || len(dataDir) > maxValue || strings.ContainsRune(dataDir, 0) {
		v.wrong("DATA_DIR: want a path of 1 to %d bytes", maxValue)
	}
	s.Environment = v.oneOf("ENVIRONMENT", "development", "staging", "production")
	strict := s.Environment != "development"
	refuse := func(name, sentence string) { // production refuses where staging warns
		if s.Environment == "production" {
			v.wrong("%s: %s", name, sentence)
		} else {
			s.Warnings = append(s.Warnings, name+": "+sentence)
		}
	}

	s.SecretKey = secret{v.get("ADMIN_SECRET_KEY")}
	switch n := len(s.SecretKey.text); {
	case n == 0 && strict:
		refuse("ADMIN_SECRET_KEY", `production needs a key of its own: make one with "crudadmin secret" and set it`)
	case n > 0 && n < session.MinSecretKey:
		v.wrong(`ADMIN_SECRET_KEY: it has %d bytes, want at least %d random ones: make one with "crudadmin secret"`, n, session.MinSecretKey)
	}
	s.SecureCookies = v.boolean("SECURE_COOKIES", strict)
	if strict && !s.SecureCookies {
		refuse("SECURE_COOKIES", "production never sends the session cookie over plain HTTP: set it to true, or leave it unset")
	}

	s.AdminDatabase = filepath.Join(dataDir, "admin.db")
	if address := v.get("ADMIN_DATABASE_URL"); address != "" {
		path, err := sqlitePath(address)
		v.check("ADMIN_DATABASE_URL", err)
		s.AdminDatabase = path
	}
	s.AdminUsername = "admin"
	if name := v.get("ADMIN_USERNAME"); name != "" {
		s.AdminUsername = name
	}
	s.AdminPassword = secret{v.get("ADMIN_PASSWORD")}
	if s.AdminPassword.text != "" {
		v.check("ADMIN_PASSWORD", account.CheckPassword(s.AdminUsername, s.AdminPassword.text))
	}
	s.MountPath = v.mountPath("MOUNT_PATH")
	s.TrustedProxies = v.networks("TRUSTED_PROXIES")

	s.SessionBackend = v.backend("SESSION_BACKEND")
	s.IdleTimeout = v.minutes("SESSION_TIMEOUT_MINUTES", 30, maxSessionMinutes)
	s.Lifetime = v.minutes("SESSION_MAX_LIFETIME_MINUTES", max(720, int(s.IdleTimeout/time.Minute)), maxSessionMinutes)
	if s.Lifetime < s.IdleTimeout {
		v.wrong("SESSION_MAX_LIFETIME_MINUTES: %d is less than SESSION_TIMEOUT_MINUTES, %d", s.Lifetime/time.Minute, s.IdleTimeout/time.Minute)
	}
	if s.MaxPerUser = session.Unlimited; v.get("MAX_SESSIONS_PER_USER") != "unlimited" {
		s.MaxPerUser = v.number("MAX_SESSIONS_PER_USER", 5, session.MaxLimit, ", or the word unlimited")
	}
	s.RefuseOver = v.oneOf("SESSION_LIMIT_POLICY", "evict", "reject") == "reject"
	s.SweepInterval = v.minutes("CLEANUP_INTERVAL_MINUTES", 15, maxCleanupMinutes)

	levels, err := parseLogLevels(v.get("LOG_LEVEL"))
	v.check("LOG_LEVEL", err)
	s.LogLevels = levels

	for _, name := range laterVariables {
		if getenv(name) != "" {
			v.wrong("%s: it is set, and this version does not have what it is for: unset it", name)
		}
	}
	if len(v.errs) > 0 {
		return settings{}, fmt.Errorf("wrong settings:\n%w", errors.Join(v.errs...))
	}
	return s, nil
}

// variables reads variables one by one and gathers what is wrong with them.
type variables struct {
	getenv func(string) string
	errs   []error
}

func (v *variables) wrong(format string, args ...any) {
	v.errs = append(v.errs, fmt.Errorf("  "+format, args...))
}

func (v *variables) check(name string, err error) {
	if err != nil {
		v.wrong("%s: %w", name, err)
	}
}

// get is the variable's text; one that is too long is wrong and reads as unset.
func (v *variables) get(name string) string {
	text := v.getenv(name)
	if len(text) > maxValue {
		v.wrong("%s: it has %d bytes, want at most %d", name, len(text), maxValue)
		return ""
	}
	return text
}

// oneOf is the variable's word; the first of the words is the default.
func (v *variables) oneOf(name string, words ...string) string {
	text := v.get(name)
	if text == "" {
		return words[0]
	}
	for _, word := range words {
		if text == word {
			return word
		}
	}
	v.wrong("%s: %q, want %s", name, clip(text), strings.Join(words, " or "))
	return words[0]
}

func (v *variables) backend(name string) string {
	switch text := v.get(name); text {
	case "redis", "memcached":
		v.wrong("%s: this version does not have %s yet, want memory or database", name, text)
		return "memory"
	default:
		return v.oneOf(name, "memory", "database")
	}
}

func (v *variables) boolean(name string, byDefault bool) bool {
	text := v.get(name)
	if text == "" {
		return byDefault
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		v.wrong("%s: %q, want true or false", name, clip(text))
	}
	return value
}

// number is a whole number of 1 to most; or says what else would be right.
func (v *variables) number(name string, byDefault, most int, or string) int {
	text := v.get(name)
	if text == "" {
		return byDefault
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		v.wrong("%s: %q, want a whole number from 1 to %d%s", name, clip(text), most, or)
		return byDefault
	}
	return n
}

func (v *variables) minutes(name string, byDefault, most int) time.Duration {
	return time.Duration(v.number(name, byDefault, most, "")) * time.Minute
}

// mountPath is a path of plain segments without a slash at its end; "/" is the root.
func (v *variables) mountPath(name string) string {
	text := v.get(name)
	if text == "" {
		return "/admin"
	}
	path := strings.TrimSuffix(text, "/")
	if path == "" {
		return "/"
	}
	segments := strings.Split(path, "/")
	plain := segments[0] == "" && len(path) <= 200
	for _, segment := range segments[1:] {
		unknown := strings.Trim(segment, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")
		plain = plain && segment != "" && segment != "." && segment != ".." && unknown == ""
	}
	if !plain {
		v.wrong("%s: %q, want a path such as /admin: at most 200 letters, digits, - _ . ~ between single slashes, beginning with one", name, clip(text))
	}
	return path
}

// networks are addresses and CIDR networks, separated by commas.
func (v *variables) networks(name string) []netip.Prefix {
	text := v.get(name)
	if text == "" {
		return nil
	}
	var networks []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		network, err := netip.ParsePrefix(part)
		if address, e := netip.ParseAddr(part); e == nil && address.Zone() == "" {
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		if err != nil {
			v.wrong("%s: %q, want addresses or networks such as 10.0.0.1,192.168.0.0/16", name, clip(part))
			continue
		}
		networks = append(networks, network.Masked())
	}
	if len(networks) > maxProxies {
		v.wrong("%s: %d networks, want at most %d", name, len(networks), maxProxies)
	}
	return networks
}

// clip shortens a value for a message.
func clip(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:57], "") + "..."
	}
	return text
}
